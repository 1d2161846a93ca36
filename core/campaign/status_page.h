// How a plan stands, as one file that any browser opens without a network: the sky with its items coloured by state,
// failures by reason with the last words of a log of each, CPU time, memory and time by class, the slowest items, links to
// the pages of bricks. Of CCDs, an item is where its exposure is, and has no page. Of a plan of commands: in the sky's place
// each product with its parts, coloured by state.
#pragma once

#include <filesystem>
#include <string>

#include "core/campaign/manifest.h"
#include "core/campaign/plan_files.h"
#include "core/campaign/summary.h"

namespace brickline {

// `output_dir` is where the plan's products are; `page` where the text will be (links are relative to it).
std::string status_page(const PlanFiles& plan, const Manifest& manifest, const Summary& summary,
                        const Since& since, const std::filesystem::path& output_dir,
                        const std::filesystem::path& page);

}  // namespace brickline
