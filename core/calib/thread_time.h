// How much of the processor this thread has used.
#pragma once

#include <ctime>

namespace brickline {

class ThreadTime {
 public:
  // CPU seconds of this thread since the last lap.
  double lap() {
    const double now = seconds(), since = now - last_;
    last_ = now;
    return since;
  }

 private:
  static double seconds() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  }
  double last_ = seconds();
};

}  // namespace brickline
