#include "core/base/pixel_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "core/base/error.h"

namespace brickline {

namespace {

// Windows begin on pages.
constexpr std::size_t kPage = 4096;

}  // namespace

struct PixelFile::Impl {
  struct Window {
    void* address;
    std::size_t bytes;
  };
  int file = -1;
  std::int64_t most = 0;
  std::mutex mutex;  // of what follows
  std::int64_t end = 0;
  std::list<Window> windows;
  std::atomic<std::int64_t> releases = 0;
  // The watchman.
  std::condition_variable wake;
  bool over = false;
  std::thread watchman;

  ~Impl() {
    if (file >= 0) ::close(file);
  }

  void release() {
    const std::scoped_lock lock(mutex);
    for (const Window& window : windows) ::madvise(window.address, window.bytes, MADV_DONTNEED);
    ++releases;
  }

  void watch() {
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, std::chrono::milliseconds(10), [&] { return over; })) {
      if (windows.empty()) continue;
      lock.unlock();
      if (resident_bytes() > most - std::max(most / 10, kMargin)) release();
      lock.lock();
    }
  }
};

PixelFile::PixelFile(const std::filesystem::path& directory, std::string_view owner, std::int64_t most_bytes)
    : impl_(std::make_shared<Impl>()) {
  std::string name = (directory / fmt::format("tmp-pixels-{}.XXXXXX", owner)).string();
  impl_->file = ::mkostemp(name.data(), O_CLOEXEC);
  if (impl_->file < 0)
    throw resource_error("no file for pixels can be made there: {}", std::strerror(errno))
        .in_file(directory.string());
  ::unlink(name.c_str());
  impl_->most = most_bytes;
  impl_->watchman = std::thread([impl = impl_.get()] { impl->watch(); });
}

PixelFile::~PixelFile() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->over = true;
  }
  impl_->wake.notify_all();
  impl_->watchman.join();
}

std::shared_ptr<void> PixelFile::write(const void* pixels, std::size_t bytes) {
  const std::size_t whole = (bytes + kPage - 1) / kPage * kPage;
  std::int64_t at = 0;
  {
    const std::scoped_lock lock(impl_->mutex);
    at = impl_->end;
    impl_->end += static_cast<std::int64_t>(whole);
  }
  // Space on disk first: a page that cannot be written later would end the process by a signal.
  int error = ::posix_fallocate(impl_->file, at, static_cast<off_t>(whole));
  void* address = MAP_FAILED;
  if (error == 0) {
    address = ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_SHARED, impl_->file, at);
    if (address == MAP_FAILED) error = errno;
  }
  if (error != 0)
    throw resource_error("{} MB of pixels cannot be kept in a file: {}", whole / 1'000'000,
                         std::strerror(error));
  std::memcpy(address, pixels, bytes);
  ::madvise(address, whole, MADV_DONTNEED);
  const std::scoped_lock lock(impl_->mutex);
  const auto place = impl_->windows.insert(impl_->windows.end(), {address, whole});
  return {address, [impl = impl_, place, at](void*) {
            const std::scoped_lock held(impl->mutex);
            ::munmap(place->address, place->bytes);
            ::fallocate(impl->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
                        static_cast<off_t>(place->bytes));
            impl->windows.erase(place);
          }};
}

void PixelFile::release() { impl_->release(); }
std::int64_t PixelFile::releases() const { return impl_->releases; }

std::int64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (!file) return 0;
  long long size = 0, resident = 0;
  const int read = std::fscanf(file, "%lld %lld", &size, &resident);
  std::fclose(file);
  return read == 2 ? resident * ::sysconf(_SC_PAGESIZE) : 0;
}

}  // namespace brickline
