// What every fuzz target is held to: bytes are read, or refused by an Error of kind kInput. Anything else (another
// kind, another exception, a broken promise) ends the process, which the fuzzer keeps the input of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.h"

namespace brickline::fuzz {

// Runs `use`. True: it came to its end; false: the input was refused.
template <typename Use>
bool read_or_refused(Use&& use) {
  try {
    use();
    return true;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kInput) return false;
    std::fprintf(stderr, "an error of kind %d: %s\n", error.exit_code(), error.what());
  } catch (const std::exception& other) {
    std::fprintf(stderr, "not an Error: %s\n", other.what());
  }
  std::abort();
}

// For what must hold of everything that was read.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// A copy that a reader may change and that ends where the input does, so that reading on is seen.
inline std::vector<std::uint8_t> copy_of(const std::uint8_t* data, std::size_t size) {
  return {data, data + size};
}

// The bytes as a file that is nowhere on the disk, for what reads by path.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::uint8_t> bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  int descriptor_ = -1;
  std::filesystem::path path_;
};

}  // namespace brickline::fuzz
