// Where a stage's saved state is.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace brickline {

// "%(brick)s" and "%(stage)s" of the pattern replaced by the names ("%%(stage)s", which the reference
// pipeline's patterns have, counts as "%(stage)s", "%%" elsewhere as "%"), relative to the output directory.
std::filesystem::path state_path(const std::filesystem::path& output_dir, std::string_view pattern,
                                 std::string_view brick, std::string_view stage);

// Where the journal of fitted blobs is if nobody says: beside the state of the stage that fits them.
std::filesystem::path journal_path(const std::filesystem::path& output_dir, std::string_view pattern,
                                   std::string_view brick);

// Error (kUsage) for a pattern without the stage, or with a substitution that is neither of the two.
void check_state_pattern(std::string_view pattern);

}  // namespace brickline
