// The cards that every product of a run begins with.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "core/camera/camera.h"
#include "core/fits/header.h"
#include "core/pipeline/brick_options.h"
#include "core/survey/ccd_table.h"
#include "core/survey/target.h"

namespace brickline {

// The options that change products, as a command line in canonical order.
std::string canonical_options(const BrickOptions& options);

// What a stage says of itself in the headers of products from then on.
void add_cards_of(Stage stage, const BrickOptions& options, fits::Header& header);

// The header after stage tims. `used`: the CCDs that gave images; `bands`: those with images; `cameras`: all
// that were loaded, whose plugin's name, version and digest are recorded.
fits::Header run_header(const BrickOptions& options, const Target& target,
                        const std::vector<std::filesystem::path>& ccd_files,
                        const std::vector<std::string>& bands, const std::vector<CcdRow>& used,
                        std::span<const Camera* const> cameras);

}  // namespace brickline
