#include "core/base/resources.h"

#include <sys/resource.h>

#include <chrono>

namespace brickline {

ResourceUse resource_use() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * t.tv_usec; };
  ResourceUse use;
  use.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  use.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  use.peak_bytes = std::int64_t{1024} * usage.ru_maxrss;
  return use;
}

}  // namespace brickline
