// How many threads the work of this process may use now.
#pragma once

namespace brickline {

// Of the arena that the caller runs in, within the limit that the run has set (tbb::global_control).
int usable_threads();

}  // namespace brickline
