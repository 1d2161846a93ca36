#include "core/detect/detection_maps.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "core/detect/gaussian_filter.h"
#include "core/detect/parallel_rows.h"
#include "core/resample/pixel_mapping.h"

namespace brickline {
namespace {

// Rises from 0 to 1 over n pixels as an arc tangent over one turn, its ends (0 and 1) left out.
std::vector<float> edge_ramp(int n) {
  std::vector<float> ramp(n);
  const double low = std::atan(-std::numbers::pi), high = std::atan(std::numbers::pi);
  for (int i = 0; i < n; ++i) {
    const double t = std::atan(std::numbers::pi * (2.0 * (i + 1) / (n + 1) - 1));
    ramp[i] = static_cast<float>((t - low) / (high - low));
  }
  return ramp;
}

void apodize(Image<float>& image, int pixels) {
  const std::vector<float> ramp = edge_ramp(pixels);
  const int w = image.width(), h = image.height();
  for (int i = 0; i < std::min(pixels, h); ++i)
    for (int x = 0; x < w; ++x) {
      image(x, i) *= ramp[i];
      image(x, h - 1 - i) *= ramp[i];
    }
  for (int y = 0; y < h; ++y)
    for (int i = 0; i < std::min(pixels, w); ++i) {
      image(i, y) *= ramp[i];
      image(w - 1 - i, y) *= ramp[i];
    }
}

struct FilteredImage {
  Image<float> flux, inverse_variance;
};

FilteredImage filtered(const DetectionImage& image, int apodize_pixels) {
  const int w = image.data.width(), h = image.data.height();
  const double norm = 1 / (2 * std::sqrt(std::numbers::pi) * image.psf_sigma);
  const auto flux_scale = static_cast<float>(1 / (norm * norm));
  const auto weight = static_cast<float>((norm / image.sig1) * (norm / image.sig1));
  Image<float> data(w, h), good(w, h);
  for (int y = 0; y < h; ++y) {
    const float* d = image.data.row(y);
    const float* e = image.inverse_error.row(y);
    for (int x = 0; x < w; ++x) {
      const bool use = e[x] > 0 && std::isfinite(e[x]) && std::isfinite(d[x]);
      data(x, y) = use ? d[x] * flux_scale : 0.0F;
      good(x, y) = use ? weight : 0.0F;
    }
  }
  FilteredImage out{gaussian_filter(data.view(), image.psf_sigma),
                    gaussian_filter(good.view(), image.psf_sigma)};
  if (apodize_pixels > 0) apodize(out.inverse_variance, apodize_pixels);
  return out;
}

// Saturated and covering images per brick pixel, as far as the rule asks for them.
struct SaturationCount {
  Image<std::uint8_t> saturated, covering;
};

bool usable(const DetectionImage& image) {
  return (image.wcs || image.mapping) && image.psf_sigma > 0 && std::isfinite(image.psf_sigma) &&
         image.sig1 > 0 && std::isfinite(image.sig1) && !image.data.empty();
}

}  // namespace

std::vector<BandMaps> detection_maps(std::span<const DetectionImage> images, const Wcs& brick, int bands,
                                     const DetectionMapOptions& options) {
  const int w = brick.width(), h = brick.height();
  const int needed = std::clamp(options.saturated_images, 0, 254);
  std::vector<BandMaps> maps(bands);
  std::vector<SaturationCount> counts(bands);
  for (int b = 0; b < bands; ++b) {
    maps[b].flux = Image<float>(w, h);
    maps[b].inverse_variance = Image<float>(w, h);
    maps[b].saturated = Image<std::uint8_t>(w, h);
    if (needed > 0) counts[b] = {Image<std::uint8_t>(w, h), Image<std::uint8_t>(w, h)};
  }

  for (const DetectionImage& image : images) {
    if (image.band < 0 || image.band >= bands || !usable(image)) continue;
    std::optional<PixelMapping> own;
    if (!image.mapping) own.emplace(brick, *image.wcs);
    const PixelMapping& mapping = image.mapping ? *image.mapping : *own;
    if (mapping.empty()) continue;
    options.cancel.stop_if_asked();
    const FilteredImage det = filtered(image, options.apodize_pixels);
    BandMaps& map = maps[image.band];
    SaturationCount& count = counts[image.band];
    const Box& box = mapping.box();
    detect_detail::parallel_row_blocks(box.y0, box.y1, box.width(), [&](int first, int last) {
      PixelMapping::Row row;
      for (int y = first; y < last; ++y) {
        if (!mapping.map_row(y, row)) continue;
        for (int i = 0; i < row.size(); ++i) {
          if (row.ix[i] < 0) continue;
          const int x = row.x0 + i;
          const float v = det.inverse_variance(row.ix[i], row.iy[i]);
          map.flux(x, y) += det.flux(row.ix[i], row.iy[i]) * v;
          map.inverse_variance(x, y) += v;
          if (image.mask.empty()) continue;
          const bool saturated = (image.mask(row.ix[i], row.iy[i]) & image.saturation_bits) != 0;
          if (needed == 0) {
            map.saturated(x, y) |= static_cast<std::uint8_t>(saturated);
          } else {
            if (count.covering(x, y) < 254) ++count.covering(x, y);
            if (saturated && count.saturated(x, y) < 254) ++count.saturated(x, y);
          }
        }
      }
    });
  }

  for (int b = 0; b < bands; ++b)
    detect_detail::parallel_row_blocks(0, h, w, [&](int first, int last) {
      for (int y = first; y < last; ++y)
        for (int x = 0; x < w; ++x) {
          maps[b].flux(x, y) /= std::max(1e-16F, maps[b].inverse_variance(x, y));
          if (needed == 0) continue;
          const int s = counts[b].saturated(x, y), c = counts[b].covering(x, y);
          maps[b].saturated(x, y) = s >= needed || (c > 0 && s == c);
        }
    });
  return maps;
}

std::vector<DetectionImage> detection_images(std::span<const CcdImage> images,
                                             std::span<const std::string> bands) {
  std::vector<DetectionImage> out;
  for (const CcdImage& image : images) {
    const auto band = std::find(bands.begin(), bands.end(), image.band);
    if (band == bands.end()) continue;
    DetectionImage d;
    d.data = image.data.view();
    d.inverse_error = image.inverse_error.view();
    if (!image.mask.empty()) d.mask = image.mask.view();
    d.saturation_bits = image.saturation_bits;
    d.band = static_cast<int>(band - bands.begin());
    d.psf_sigma = image.psf_sigma();
    d.sig1 = image.sig1;
    d.wcs = &image.wcs;
    out.push_back(d);
  }
  return out;
}

}  // namespace brickline
