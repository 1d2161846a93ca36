// Views with room around them: while a GuardedViews lives on a thread, what plugins are given to work on lies in larger
// pieces of memory, with a stride of its own, and what they write beside it is found. For checks of a camera; costs a
// copy of every plane. Internal to core/camera.
#pragma once

#include <brickline/camera_abi.h>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace brickline {

class GuardedViews {
 public:
  GuardedViews() { ++depth_; }
  ~GuardedViews() { --depth_; }
  GuardedViews(const GuardedViews&) = delete;
  GuardedViews& operator=(const GuardedViews&) = delete;
  static bool on() { return depth_ > 0; }

 private:
  static thread_local int depth_;
};

// One view, with 13 more pixels a row, a row before and one behind.
class GuardedView {
 public:
  explicit GuardedView(const bl_view& view);  // null data: stays as it is
  const bl_view& view() const { return guarded_; }
  bool is_intact() const;
  void copy_back() const;

 private:
  std::size_t at(std::int64_t y) const;  // of its first pixel in row y, bytes
  bl_view own_, guarded_;
  std::size_t pixel_ = 0;
  std::vector<unsigned char> bytes_;
};

// All views of a step.
class GuardedStep {
 public:
  explicit GuardedStep(const bl_step& step);
  const bl_step& step() const { return step_; }
  // The plane beside whose pixels something was written; empty: none.
  std::string_view broken() const;
  void copy_back() const;

 private:
  GuardedView image_, raw_mask_, mask_, weight_;
  bl_step step_;
};

}  // namespace brickline
