// The SHA-256 of a file of any size, read piece by piece.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace brickline {

struct FileDigest {
  std::int64_t bytes = 0;
  std::string sha256;  // 64 lower-case hex digits
};

// Empty: it is not there, or cannot be read to its end.
std::optional<FileDigest> file_digest(const std::filesystem::path& file);

}  // namespace brickline
