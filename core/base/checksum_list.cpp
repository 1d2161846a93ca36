#include "core/base/checksum_list.h"

#include <fmt/format.h>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/file_digest.h"

namespace brickline {

namespace fs = std::filesystem;

std::string checksum_lines(std::span<const fs::path> files) {
  std::string text;
  for (const fs::path& file : files) {
    const fs::path absolute = fs::absolute(file).lexically_normal();
    const auto digest = file_digest(absolute);
    if (!digest) throw input_error("it was written, and cannot be read").in_file(absolute.string());
    text += fmt::format("{} *{}\n", digest->sha256, absolute.string());
  }
  return text;
}

void write_checksums(const fs::path& list, std::span<const fs::path> files) {
  const std::string text = checksum_lines(files);
  write_file_atomically(list, text.empty() ? kNoFilesListed : text);
}

}  // namespace brickline
