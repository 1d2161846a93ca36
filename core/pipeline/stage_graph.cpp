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
    StageRow{Stage::kTims, "tims", false},         StageRow{Stage::kRefs, "refs", false},
    StageRow{Stage::kOutliers, "outliers", false}, StageRow{Stage::kHalos, "halos", false},
    StageRow{Stage::kBlobmask, "blobmask", true},  StageRow{Stage::kImageCoadds, "image_coadds", true},
    StageRow{Stage::kSrcs, "srcs", false},         StageRow{Stage::kFitblobs, "fitblobs", false},
    StageRow{Stage::kCoadds, "coadds", false},     StageRow{Stage::kWritecat, "writecat", false},
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

std::vector<Stage> plan_stages(std::span<const Stage> requested, const StagePlanOptions& options) {
  const auto wanted = [&](Stage stage) { return std::ranges::find(requested, stage) != requested.end(); };
  const bool early_coadds = wanted(Stage::kImageCoadds);
  std::vector<Stage> chain;
  for (const StageRow& row : kStages)
    if (!row.optional || wanted(row.stage) ||
        (row.stage == Stage::kBlobmask && early_coadds && options.blob_mask))
      chain.push_back(row.stage);
  if (early_coadds && options.blob_image && !options.blob_mask) {
    std::erase(chain, Stage::kImageCoadds);
    chain.insert(std::ranges::find(chain, Stage::kSrcs) + 1, Stage::kImageCoadds);
  }
  // Nothing is needed beyond the last that was asked for.
  while (!chain.empty() && !wanted(chain.back())) chain.pop_back();
  return chain;
}

}  // namespace brickline
