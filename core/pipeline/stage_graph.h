// The stages of a brick's run as data: what each is called, what must have run before it, and in which order
// a requested set of them is carried out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

enum class Stage {
  kTims,
  kRefs,
  kOutliers,
  kHalos,
  kBlobmask,
  kImageCoadds,
  kSrcs,
  kFitblobs,
  kCoadds,
  kWritecat
};

std::string_view stage_name(Stage stage);
// By name, or by the name that the stage once had ("mask_junk" for outliers); Error (kUsage) lists the known
// stages.
Stage stage_named(std::string_view name);
std::vector<std::string> stage_names();

// What moves stages about.
struct StagePlanOptions {
  bool blob_image = false;  // image_coadds comes after srcs, to draw the blobs into its picture
  bool blob_mask = false;   // image_coadds comes after blobmask instead; wins over blob_image
};

// The stages to run, in order, so that every requested one has run: one plan for all of them together.
// image_coadds takes its place in the chain only when it is requested; so do the options.
std::vector<Stage> plan_stages(std::span<const Stage> requested, const StagePlanOptions& options = {});

}  // namespace brickline
