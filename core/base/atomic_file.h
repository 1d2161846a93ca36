// Output files that appear whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace brickline {

// A file that is written piece by piece under the name "<dir>/tmp-<name>.<random>" and has its own name only when it is
// whole. Errors (kResources: disk full, or kInput: no permission) name the file; a file that was not put in place is
// removed.
class AtomicFile {
 public:
  // Makes the directory.
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  void append(std::string_view bytes);
  // In the place of what was written there.
  void overwrite(std::int64_t at, std::string_view bytes);
  // All that was written is on the disk; no more is.
  void sync();
  // sync(), if that was not asked for before; then the file has its name.
  void put_in_place();

 private:
  [[noreturn]] void give_up(std::string_view doing, int error);
  std::filesystem::path path_, temporary_;
  int fd_ = -1;
};

// Writes `bytes` to a new file "<dir>/tmp-<name>.<random>", renames it to `path` and syncs both to disk;
// makes the directory. Of processes that write one path at the same time the last one's file stays, whole. On
// failure nothing is left behind and an Error (kResources: disk full, or kInput: no permission) names the
// file.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// Lower-case hex SHA-256 (FIPS 180-4).
std::string sha256_hex(std::string_view bytes);

}  // namespace brickline
