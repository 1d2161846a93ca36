#include "core/blobs/task_queue.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace brickline {

TaskQueue::TaskQueue(int tasks, int threads, std::optional<BlobBudget> budget)
    : left_(static_cast<std::size_t>(tasks)), threads_(threads), budget_(std::move(budget)) {
  std::iota(left_.begin(), left_.end(), 0);
}

bool TaskQueue::fits(int task) const {
  return running_ == 0 || !budget_ || in_use_ + bytes(task) <= budget_->most;
}

std::optional<int> TaskQueue::take() {
  const std::lock_guard lock(mutex_);
  const auto next =
      running_ < threads_ ? std::ranges::find_if(left_, [&](int task) { return fits(task); }) : left_.end();
  std::optional<int> out;
  if (next != left_.end()) {
    out = *next;
    left_.erase(next);
    ++running_;
    in_use_ += bytes(*out);
  }
  const int idle = threads_ - running_;
  can_help_ = !out && idle > 0 && (!budget_ || in_use_ + idle * budget_->of_helper <= budget_->most);
  return out;
}

void TaskQueue::done(int task) {
  const std::lock_guard lock(mutex_);
  --running_;
  in_use_ -= bytes(task);
}

}  // namespace brickline
