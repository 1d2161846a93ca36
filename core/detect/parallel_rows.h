// Rows of an image in parallel, where there are enough of them to pay. Private to this room.
//
// What f does for one row must not depend on other rows of the same call.
#pragma once

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>

namespace brickline::detect_detail {

// Below this many pixels a thread's start costs more than its work, and small images are worked on by callers
// that are parallel themselves.
inline constexpr int kPixelsPerTask = 1 << 16;

// f(first, last) for blocks of rows that together make [y0, y1).
template <typename F>
void parallel_row_blocks(int y0, int y1, int width, F&& f) {
  if (y1 <= y0) return;
  const int rows = std::max(1, kPixelsPerTask / std::max(1, width));
  if (y1 - y0 <= rows) {
    f(y0, y1);
    return;
  }
  // Isolated, so that a thread that waits here does not start one of its caller's other tasks meanwhile.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(tbb::blocked_range<int>(y0, y1, rows),
                      [&](const tbb::blocked_range<int>& r) { f(r.begin(), r.end()); });
  });
}

}  // namespace brickline::detect_detail
