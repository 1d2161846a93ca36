// The greatest resident size of this process since a moment of one's choice.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace brickline {

// A thread of its own looks every 20 ms; the kernel's mark, which only ever rises, tells the rest. Where no thread is
// to be had, peak() is the kernel's mark if it has risen, else the size then.
class ResidentPeak {
 public:
  ResidentPeak();
  ~ResidentPeak();
  ResidentPeak(const ResidentPeak&) = delete;
  ResidentPeak& operator=(const ResidentPeak&) = delete;

  void begin();               // a new stretch
  std::int64_t peak() const;  // bytes, since begin()

 private:
  void look();
  std::atomic<std::int64_t> seen_{0};
  std::int64_t mark_ = 0;  // the kernel's, at begin()
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread thread_;
};

}  // namespace brickline
