#include "core/pipeline/state_path.h"

#include "core/base/error.h"

namespace brickline {
namespace {

constexpr std::string_view kBrick = "%(brick)s", kStage = "%(stage)s";

std::string substituted(std::string_view pattern, std::string_view brick, std::string_view stage) {
  std::string out;
  while (!pattern.empty()) {
    if (pattern.starts_with("%%(")) pattern.remove_prefix(1);
    if (pattern.starts_with(kBrick)) {
      out += brick;
      pattern.remove_prefix(kBrick.size());
    } else if (pattern.starts_with(kStage)) {
      out += stage;
      pattern.remove_prefix(kStage.size());
    } else if (pattern.starts_with("%%")) {
      out += '%';
      pattern.remove_prefix(2);
    } else if (pattern.front() == '%') {
      throw usage_error("--state: '{}' is neither {} nor {}", pattern, kBrick, kStage);
    } else {
      out += pattern.front();
      pattern.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

std::filesystem::path state_path(const std::filesystem::path& output_dir, std::string_view pattern,
                                 std::string_view brick, std::string_view stage) {
  return output_dir / substituted(pattern, brick, stage);
}

std::filesystem::path journal_path(const std::filesystem::path& output_dir, std::string_view pattern,
                                   std::string_view brick) {
  return state_path(output_dir, pattern, brick, "fitblobs") += ".journal";
}

void check_state_pattern(std::string_view pattern) {
  if (substituted(pattern, "b", "s") == substituted(pattern, "b", "t"))
    throw usage_error("--state {}: without {} in it all stages would write one file", pattern, kStage);
}

}  // namespace brickline
