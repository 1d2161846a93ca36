// A mask that few pixels are set in and that grows step by step: the work is that of the pixels set, not of
// the image. Private to this room.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/image.h"

namespace brickline::detect_detail {

struct MaskPixel {
  int x = 0, y = 0;
};

class GrowingMask {
 public:
  GrowingMask(int width, int height) : set_(width, height), reached_(width, height) {}

  void set(int x, int y);
  bool empty() const { return pixels_.empty(); }
  const std::vector<MaskPixel>& pixels() const { return pixels_; }
  const Image<std::uint8_t>& image() const { return set_; }  // 0 or 1

  // Sets every pixel within city-block distance n of a set one.
  void dilate(int n) {
    grow(n, [](int, int) { return true; });
  }
  // The same, but of the new pixels only those for which admit(x, y) holds.
  template <typename F>
  void grow(int n, F&& admit) {
    for (const MaskPixel& p : reach(n)) {
      reached_(p.x, p.y) = 0;
      if (admit(p.x, p.y)) set(p.x, p.y);
    }
  }

 private:
  // The unset pixels within city-block distance n of a set one, marked in reached_.
  std::vector<MaskPixel> reach(int n);

  Image<std::uint8_t> set_, reached_;
  std::vector<MaskPixel> pixels_;  // the set ones
};

}  // namespace brickline::detect_detail
