// Of the exceptions of tasks that run in any order, the one that a single thread would have met first: so
// that which one ends a run does not depend on the number of threads.
//
//   FirstFailure failure;
//   tbb::parallel_for(0, n, [&](int i) { failure.run(i, [&] { work(i); }); });
//   failure.rethrow();
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <limits>
#include <mutex>

namespace brickline {

class FirstFailure {
 public:
  // Calls f() and keeps what it throws, unless a task of a lower index has failed: then it does nothing.
  // From any thread.
  template <typename F>
  void run(std::size_t index, F&& f) noexcept {
    if (index > lowest_.load(std::memory_order_relaxed)) return;
    try {
      f();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (index >= lowest_) return;
      lowest_ = index;
      what_ = std::current_exception();
    }
  }
  // When all tasks have ended: throws the kept exception, if there is one.
  void rethrow() const {
    if (what_) std::rethrow_exception(what_);
  }

 private:
  std::atomic<std::size_t> lowest_ = std::numeric_limits<std::size_t>::max();
  std::mutex mutex_;
  std::exception_ptr what_;
};

}  // namespace brickline
