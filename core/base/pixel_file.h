// Pixels that need not stay in memory: images whose planes are windows of a file without a name, so that what
// is not being looked at can be let go of, and comes back, the same bytes, when it is touched.
//
// The file is made in a directory on disk and unlinked at once: nothing is left of it, whatever becomes of the
// process, unless that is killed in the instant between; the file then has the name of a temporary one of `owner`. The operating system writes and reads it; its own cache of it is memory that others may take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "core/base/image.h"

namespace brickline {

// Safe from any thread.
class PixelFile {
 public:
  // The process is kept below `most_bytes` of resident memory as far as these images can help: at a tenth of it,
  // or kMargin, below, as is looked a hundred times a second, all their pixels are let go of. Error (kResources)
  // if no file can be made in `directory`.
  static constexpr std::int64_t kMargin = 64'000'000;
  PixelFile(const std::filesystem::path& directory, std::string_view owner, std::int64_t most_bytes);
  ~PixelFile();
  PixelFile(const PixelFile&) = delete;
  PixelFile& operator=(const PixelFile&) = delete;

  // The same image, in the file; its part of the file is given back with the image, which may outlive this.
  // Error (kResources) if the disk is full.
  template <typename T>
  Image<T> keep(const Image<T>& image) {
    if (image.empty()) return image;
    const std::size_t bytes =
        sizeof(T) * static_cast<std::size_t>(image.stride()) * static_cast<std::size_t>(image.height());
    std::shared_ptr<void> window = write(image.data(), bytes);
    T* pixels = static_cast<T*>(window.get());
    return Image<T>(pixels, image.width(), image.height(), image.stride(), std::move(window));
  }

  // Lets go of all pixels that are in memory. Whoever reads them goes on reading.
  void release();
  // How often that was done.
  std::int64_t releases() const;

 private:
  struct Impl;
  std::shared_ptr<void> write(const void* pixels, std::size_t bytes);
  std::shared_ptr<Impl> impl_;  // the images' windows hold it too
};

// What the process has in memory now, in bytes; 0 where the system does not say.
std::int64_t resident_bytes();

}  // namespace brickline
