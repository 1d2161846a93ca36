#include "core/base/threads.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>

namespace brickline {

int usable_threads() {
  const auto limit = tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
  return static_cast<int>(std::min<std::size_t>(tbb::this_task_arena::max_concurrency(), limit));
}

}  // namespace brickline
