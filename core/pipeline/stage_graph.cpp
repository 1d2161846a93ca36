#include "core/pipeline/stage_graph.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"

namespace brickline {
namespace {

struct StageRow {
  Stage stage;
  std::string_view name;
  bool optional;  // runs only when requested itself
};

// In the order in which they run: every stage needs all the rows above it that are not optional.
constexpr std::array kStages = {
    StageRow{Stage::kTims, "tims", false},
    StageRow{Stage::kOutliers, "outliers", false},
    StageRow{Stage::kImageCoadds, "image_coadds", true},
    StageRow{Stage::kSrcs, "srcs", false},
    StageRow{Stage::kFitblobs, "fitblobs", false},
    StageRow{Stage::kCoadds, "coadds", false},
    StageRow{Stage::kWritecat, "writecat", false},
};

}  // namespace

std::string_view stage_name(Stage stage) {
  for (const StageRow& row : kStages)
    if (row.stage == stage) return row.name;
  return "?";
}

Stage stage_named(std::string_view name) {
  if (name == "mask_junk") return Stage::kOutliers;
  for (const StageRow& row : kStages)
    if (row.name == name) return row.stage;
  std::string known;
  for (const StageRow& row : kStages) known += (known.empty() ? "" : ", ") + std::string(row.name);
  throw usage_error("unknown stage '{}'; the stages are {}", name, known);
}

std::vector<std::string> stage_names() {
  std::vector<std::string> names;
  for (const StageRow& row : kStages) names.emplace_back(row.name);
  return names;
}

std::vector<Stage> plan_stages(std::span<const Stage> requested) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < kStages.size(); ++i)
    if (std::ranges::find(requested, kStages[i].stage) != requested.end()) last = i + 1;
  std::vector<Stage> plan;
  for (std::size_t i = 0; i < last; ++i)
    if (!kStages[i].optional || std::ranges::find(requested, kStages[i].stage) != requested.end())
      plan.push_back(kStages[i].stage);
  return plan;
}

}  // namespace brickline
