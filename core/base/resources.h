// What this process has used so far.
#pragma once

#include <cstdint>

namespace brickline {

struct ResourceUse {
  double wall_seconds = 0;      // since an arbitrary origin
  double cpu_seconds = 0;       // user and system, all threads
  std::int64_t peak_bytes = 0;  // greatest resident size
};

ResourceUse resource_use();

}  // namespace brickline
