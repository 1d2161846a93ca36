// Versions of the pipelines that reduce images.
#pragma once

#include <compare>
#include <optional>
#include <string_view>

namespace brickline {

// Version of the pipeline that reduced an image ("V4.8.2a", "DES V3.5.0+1", "V5.6.1LS"), ordered as
// major.minor.patch with pre-releases ("a", "b" and a number; "+1" counts as a1, "beta" as b1) before the
// release.
struct PipelineVersion {
  int major = 0, minor = 0, patch = 0;
  char stage = 'z';  // 'a', 'b', or 'z' for a release
  int number = 0;    // of a pre-release
  auto operator<=>(const PipelineVersion&) const = default;
};
// Empty when the text holds no number. `exact` (if given) becomes false when only a leading number, pair or
// triple could be used ("V5.2.2LS+" counts as 5.2.2).
std::optional<PipelineVersion> parse_pipeline_version(std::string_view text, bool* exact = nullptr);

}  // namespace brickline
