#include "core/pipeline/resident_peak.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <system_error>

#include "core/base/resources.h"

namespace brickline {
namespace {

constexpr std::chrono::milliseconds kPeriod{20};

// Without allocating: it is asked for often, and when memory is short.
std::int64_t resident_bytes() {
  const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[128];
  const ssize_t n = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  if (n <= 0) return 0;
  text[n] = '\0';
  char* end = nullptr;
  std::strtoll(text, &end, 10);
  return std::strtoll(end, nullptr, 10) * ::sysconf(_SC_PAGESIZE);
}

}  // namespace

ResidentPeak::ResidentPeak() {
  begin();
  try {
    thread_ = std::thread([this] {
      std::unique_lock lock(mutex_);
      while (!ended_.wait_for(lock, kPeriod, [this] { return end_; })) look();
    });
  } catch (const std::system_error&) {  // no thread
  }
}

ResidentPeak::~ResidentPeak() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    end_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

void ResidentPeak::look() {
  const std::int64_t now = resident_bytes();
  std::int64_t seen = seen_.load();
  while (seen < now && !seen_.compare_exchange_weak(seen, now)) {
  }
}

void ResidentPeak::begin() {
  mark_ = resource_use().peak_bytes;
  seen_ = resident_bytes();
}

std::int64_t ResidentPeak::peak() const {
  const std::int64_t mark = resource_use().peak_bytes;
  return mark > mark_ ? mark : std::max(seen_.load(), resident_bytes());
}

}  // namespace brickline
