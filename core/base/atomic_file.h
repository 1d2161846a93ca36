// Output files that appear whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace brickline {

// Writes `bytes` to "<dir>/tmp-<name>" and renames it to `path`; makes the directory. On failure nothing is
// left behind and an Error (kResources: disk full, or kInput: no permission) names the file.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// Lower-case hex SHA-256 (FIPS 180-4).
std::string sha256_hex(std::string_view bytes);

}  // namespace brickline
