// Lists of files and their checksums, "HEX64 *PATH" a line, which `sha256sum -c` reads; lines that begin with '#' are
// remarks.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace brickline {

// The lines of these files, with absolute paths. Error (kInput) for a file that cannot be read.
std::string checksum_lines(std::span<const std::filesystem::path> files);

// A list of them alone. Without files: a line that says so.
void write_checksums(const std::filesystem::path& list, std::span<const std::filesystem::path> files);
inline constexpr std::string_view kNoFilesListed = "# nothing came of it\n";

}  // namespace brickline
