#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz_target.h"

namespace brickline::fuzz {

MemoryFile::MemoryFile(std::span<const std::uint8_t> bytes)
    : descriptor_(memfd_create("fuzz", 0)), path_("/proc/self/fd/" + std::to_string(descriptor_)) {
  require(descriptor_ >= 0, "there is no memory for a file");
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t written = write(descriptor_, bytes.data() + at, bytes.size() - at);
    require(written > 0, "the file in memory can be written");
    at += static_cast<std::size_t>(written);
  }
}

MemoryFile::~MemoryFile() { close(descriptor_); }

}  // namespace brickline::fuzz
