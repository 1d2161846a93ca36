// Output files that appear whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace brickline {

// Writes `bytes` to a new file "<dir>/tmp-<name>.<random>", renames it to `path` and syncs both to disk;
// makes the directory. Of processes that write one path at the same time the last one's file stays, whole. On
// failure nothing is left behind and an Error (kResources: disk full, or kInput: no permission) names the
// file.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// Lower-case hex SHA-256 (FIPS 180-4).
std::string sha256_hex(std::string_view bytes);

}  // namespace brickline
