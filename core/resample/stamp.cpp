#include "core/resample/stamp.h"

#include <cmath>

#include "core/resample/lanczos.h"

namespace brickline {

Image<float> resample_stamp(ImageView<const float> stamp, int width, int height, double step) {
  Image<float> out(width, height);
  for (int y = 0; y < height; ++y) {
    const double from_y = stamp.height() / 2 + (y - height / 2) * step;
    const int iy = static_cast<int>(std::lround(from_y));
    for (int x = 0; x < width; ++x) {
      const double from_x = stamp.width() / 2 + (x - width / 2) * step;
      const int ix = static_cast<int>(std::lround(from_x));
      out(x, y) = lanczos3_at(stamp, ix, iy, from_x - ix, from_y - iy);
    }
  }
  return out;
}

}  // namespace brickline
