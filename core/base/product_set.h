// The files that a run has written, in the order of their first writing, with their digests: what the list of
// checksums is made of, and what a saved state must carry so that a resumed run lists them all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

class ProductSet {
 public:
  struct Entry {
    std::string path;    // relative to the output directory, '/' between its parts
    std::string sha256;  // 64 lower-case hex digits
  };

  ProductSet() = default;
  explicit ProductSet(std::filesystem::path output_dir, std::vector<Entry> entries = {});

  const std::filesystem::path& output_dir() const { return output_dir_; }
  const std::vector<Entry>& entries() const { return entries_; }

  // Remembers a file; one that is written again keeps its place and gets the new digest. A path outside the
  // output directory is kept as it is.
  void record(const std::filesystem::path& path, std::string sha256);
  // Writes `bytes` whole or not at all, and remembers the file.
  void write(const std::filesystem::path& path, std::string_view bytes);

  // One line "HEX64 *relative/path" per file: `sha256sum -c`, run in the output directory, reads it.
  std::string checksum_list() const;

 private:
  std::filesystem::path output_dir_;
  std::vector<Entry> entries_;
};

}  // namespace brickline
