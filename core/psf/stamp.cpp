#include "core/psf/stamp.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace brickline {

Image<float> crop_stamp(const Image<float>& stamp, int radius) {
  const int cx = stamp.width() / 2, cy = stamp.height() / 2;
  return crop(stamp, {std::max(cx - radius, 0), std::min(cx + radius + 1, stamp.width()),
                      std::max(cy - radius, 0), std::min(cy + radius + 1, stamp.height())});
}

double pixel_sum(const Image<float>& image) {
  double sum = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) sum += image(x, y);
  return sum;
}

void scale_to_unit_sum(Image<float>& stamp) {
  const double sum = pixel_sum(stamp);
  if (sum == 0) return;
  for (int y = 0; y < stamp.height(); ++y)
    for (int x = 0; x < stamp.width(); ++x) stamp(x, y) = static_cast<float>(stamp(x, y) / sum);
}

double point_source_norm(const Image<float>& stamp) {
  double sum = 0;
  for (int y = 0; y < stamp.height(); ++y)
    for (int x = 0; x < stamp.width(); ++x) sum += static_cast<double>(stamp(x, y)) * stamp(x, y);
  return std::sqrt(sum);
}

StampShape stamp_shape(const Image<float>& stamp, int radius) {
  StampShape shape;
  const double norm = point_source_norm(stamp) / pixel_sum(stamp);
  shape.fwhm_pixels = 2 * std::sqrt(std::numbers::ln2 / (2 * std::numbers::pi)) / norm;
  const Image<float> core = crop_stamp(stamp, radius);
  double light = 0, x = 0, y = 0;
  for (int j = 0; j < core.height(); ++j)
    for (int i = 0; i < core.width(); ++i) {
      light += core(i, j);
      x += static_cast<double>(core(i, j)) * (i - core.width() / 2);
      y += static_cast<double>(core(i, j)) * (j - core.height() / 2);
    }
  shape.x_offset = x / light;
  shape.y_offset = y / light;
  return shape;
}

}  // namespace brickline
