// A file as its bytes, for cameras that read a format of their own. Internal to core/camera.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/base/read_log.h"

namespace brickline {

class RawFile {
 public:
  // Notes the file in `log` if there is one. AbsentInput if there is no such file; Error (kInput) if it cannot be
  // read.
  RawFile(const std::filesystem::path& path, ReadLog* log);
  ~RawFile();
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  std::uint64_t size() const { return size_; }  // bytes
  // `bytes` of them from `offset` on; Error (kInput) where there are not as many.
  void read(std::uint64_t offset, void* buffer, std::uint64_t bytes) const;

 private:
  std::string path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace brickline
