#include "core/fit/fit_windows.h"

#include <algorithm>
#include <cmath>

#include "core/model/simd.h"
#include "core/model/window_renderer.h"

namespace brickline {
namespace {

// A pixel's weight; 0 for anything that cannot be used.
float weight_of(float data, float inverse_error) {
  const float w = inverse_error * inverse_error;
  return inverse_error > 0 && std::isfinite(w) && std::isfinite(data) ? w : 0.0f;
}

bool usable(const FitImage& image, int bands) {
  return !image.data.empty() && image.data.width() == image.inverse_error.width() &&
         image.data.height() == image.inverse_error.height() && image.psf && !image.psf->stamp().empty() &&
         image.band >= 0 && image.band < bands;
}

}  // namespace

kernels::PixelSums FitWindow::inside() const {
  kernels::PixelSums sums{};
  for (int x = 0; x < mask.width(); ++x)
    for (int y = 0; y < mask.height(); ++y) {
      const long at = static_cast<long>(x) * pitch + y;
      const double w = weight[at], d = data[at];
      sums.weight += w;
      sums.data += w * d;
      sums.data2 += w * d * d;
    }
  return sums;
}

void FitWindows::gather(std::span<const FitImage> images, int bands) {
  windows_.assign(images.size(), {});
  std::size_t total = 0;
  for (std::size_t i = 0; i < images.size(); ++i) {
    FitWindow& w = windows_[i];
    if (!usable(images[i], bands)) continue;
    w.image = &images[i];
    w.mask = intersection(images[i].mask, images[i].data.box());
    if (w.mask.empty()) continue;
    w.pitch = window_pitch(w.mask.height());
    w.count = static_cast<long>(w.pitch) * w.mask.width();
    total += 2 * static_cast<std::size_t>(w.count);
  }
  pixels_.reserve(total);
  float* next = pixels_.data();
  for (FitWindow& w : windows_) {
    if (!w.image) continue;
    const ImageView<const float>&d = w.image->data, &ie = w.image->inverse_error;
    for (int y = 0; y < d.height(); ++y) {
      const bool across = !w.mask.empty() && y >= w.mask.y0 && y < w.mask.y1;
      const int left = across ? w.mask.x0 : d.width();
      if (left > 0) active_kernels().add_pixels(d.row(y), ie.row(y), left, w.outside);
      if (across && w.mask.x1 < d.width())
        active_kernels().add_pixels(d.row(y) + w.mask.x1, ie.row(y) + w.mask.x1, d.width() - w.mask.x1,
                                    w.outside);
    }
    if (w.mask.empty()) continue;
    float* const data = next;
    float* const weight = next + w.count;
    next += 2 * w.count;
    w.data = data;
    w.weight = weight;
    std::fill(data, data + 2 * w.count, 0.0f);
    for (int y = w.mask.y0; y < w.mask.y1; ++y) {
      const float *from = d.row(y), *error = ie.row(y);
      for (int x = w.mask.x0; x < w.mask.x1; ++x) {
        const float v = weight_of(from[x], error[x]);
        if (v == 0) continue;
        const long at = static_cast<long>(x - w.mask.x0) * w.pitch + (y - w.mask.y0);
        data[at] = from[x];
        weight[at] = v;
      }
    }
  }
}

}  // namespace brickline
