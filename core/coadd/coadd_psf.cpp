#include "core/coadd/coadd_psf.h"

#include <algorithm>
#include <cmath>

#include "core/psf/stamp.h"
#include "core/resample/stamp.h"

namespace brickline {
namespace {

// The stamp on pixels that are `ratio` times finer.
Image<float> resampled(const Image<float>& stamp, double ratio) {
  const auto odd = [&](int size) { return 2 * (static_cast<int>(std::ceil(size * ratio)) / 2) + 1; };
  return resample_stamp(stamp.view(), odd(stamp.width()), odd(stamp.height()), 1 / ratio);
}

}  // namespace

Image<float> coadded_psf(std::span<const CcdImage* const> images, double pixel_scale_arcsec) {
  std::vector<Image<float>> stamps;
  int width = 0, height = 0;
  for (const CcdImage* image : images) {
    Image<float> stamp = image->psf.stamp(image->data.width() / 2, image->data.height() / 2);
    scale_to_unit_sum(stamp);
    stamp = resampled(stamp, image->pixel_scale_arcsec / pixel_scale_arcsec);
    scale_to_unit_sum(stamp);
    width = std::max(width, stamp.width());
    height = std::max(height, stamp.height());
    stamps.push_back(std::move(stamp));
  }
  Image<float> out(width, height);
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    const Image<float>& stamp = stamps[i];
    const auto weight = static_cast<float>(1 / (images[i]->sig1 * images[i]->sig1));
    const int dx = (width - stamp.width()) / 2, dy = (height - stamp.height()) / 2;
    for (int y = 0; y < stamp.height(); ++y)
      for (int x = 0; x < stamp.width(); ++x) out(x + dx, y + dy) += weight * stamp(x, y);
  }
  scale_to_unit_sum(out);
  return out;
}

}  // namespace brickline
