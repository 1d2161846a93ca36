// Which blob is fitted next: the largest that is left, as long as there are threads, and memory where that is counted.
// Private to this room.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "core/blobs/blob_fitter.h"

namespace brickline {

// Safe from any thread.
class TaskQueue {
 public:
  // `budget`: of as many tasks; empty: memory is not counted.
  TaskQueue(int tasks, int threads, std::optional<BlobBudget> budget);

  // The first task that is left and fits beside those that run, which then runs, too; where none runs, the first that is left.
  // Empty: there is none, or no thread for it.
  std::optional<int> take();
  void done(int task);
  // Whether threads have nothing to do, and there is memory for their help with the blobs that run.
  bool can_help() const { return can_help_; }

 private:
  bool fits(int task) const;
  std::int64_t bytes(int task) const { return budget_ ? budget_->bytes[static_cast<std::size_t>(task)] : 0; }

  std::mutex mutex_;
  std::vector<int> left_;  // in order
  int threads_, running_ = 0;
  std::optional<BlobBudget> budget_;
  std::int64_t in_use_ = 0;  // bytes
  std::atomic<bool> can_help_ = false;
};

}  // namespace brickline
