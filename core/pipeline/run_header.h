// The cards that every product of a run begins with.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/fits/header.h"
#include "core/pipeline/brick_options.h"
#include "core/pipeline/run_context.h"
#include "core/survey/ccd_table.h"
#include "core/survey/target.h"

namespace brickline {

// What the run is, where, and from what. `used`: the CCDs that gave images; `bands`: those with images. All
// cameras that were loaded are named, with their plugin's name, version and digest.
fits::Header run_header(const RunContext& run, const ReleaseOptions& release, const Target& target,
                        const std::vector<std::filesystem::path>& ccd_files,
                        const std::vector<std::string>& all_bands, const std::vector<std::string>& bands,
                        const std::vector<CcdRow>& used);

}  // namespace brickline
