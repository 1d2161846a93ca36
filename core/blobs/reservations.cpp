#include "core/blobs/reservations.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/detect/morphology.h"

namespace brickline {

Image<std::uint8_t> Reservations::for_source(int index, int x, int y, bool is_galaxy) const {
  const bool by_galaxy = is_galaxy && !nearest_galaxy.empty();
  if (!by_galaxy && bright_regions.empty()) return {};
  const Image<std::int32_t>& any = by_galaxy ? nearest_galaxy : bright_regions;
  Image<std::uint8_t> out(any.width(), any.height());
  const std::int32_t own = bright_regions.empty() ? 0 : bright_regions(x, y);
  for (int py = 0; py < out.height(); ++py)
    for (int px = 0; px < out.width(); ++px) {
      const std::int32_t region = bright_regions.empty() ? 0 : bright_regions(px, py);
      out(px, py) = (region != 0 && region != own) || (by_galaxy && nearest_galaxy(px, py) != index);
    }
  return out;
}

Image<std::int32_t> nearest_seeds(int width, int height, std::span<const Seed> seeds) {
  Image<std::int32_t> out(width, height, -1);
  claim_kingdoms(out, seeds, std::hypot(width, height) + 1);
  return out;
}

Image<std::int32_t> bright_regions(const BlobImages& images, int bands, double sn) {
  constexpr int kGrowth = 2;
  const int w = images.width(), h = images.height();
  Image<std::uint8_t> bright(w, h);
  for (int band = 0; band < bands; ++band) {
    std::vector<double> flux(static_cast<std::size_t>(w) * h), weight(flux.size());
    for (const BlobImage& image : images.images()) {
      if (image.band != band) continue;
      for (int y = 0; y < image.data.height(); ++y)
        for (int x = 0; x < image.data.width(); ++x) {
          const std::int32_t pixel = image.blob_pixel(x, y);
          if (pixel < 0) continue;
          const double e = image.inverse_error(x, y);
          flux[pixel] += e * e * image.data(x, y);
          weight[pixel] += e * e;
        }
    }
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        const std::size_t i = static_cast<std::size_t>(y) * w + x;
        if (flux[i] > sn * std::sqrt(weight[i])) bright(x, y) = 1;
      }
  }
  return label_components(fill_holes(dilate(bright.view(), kGrowth).view()).view()).labels;
}

}  // namespace brickline
