#include "core/detect/outliers.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/detect/exposure_comparison.h"
#include "core/detect/growing_mask.h"
#include "core/facts/mask_bits.h"
#include "core/resample/pixel_mapping.h"

namespace brickline {
namespace {

using detect_detail::Comparison;
using detect_detail::Exposure;
using detect_detail::GrowingMask;

// The nearest pixel as the reference pipeline rounds: toward zero, so that everything down to -1.5 is pixel
// 0. Empty outside [0, n).
std::optional<int> truncated_pixel(double v, int n) {
  const double shifted = v + 0.5;
  if (!(shifted > -1 && shifted < n)) return {};
  return static_cast<int>(shifted);
}

// Which rows of grid `to` the set pixels of a mask on grid `from` touch, with a margin of two: one position
// per end of every run of set pixels decides, which is exact enough for runs of any survey image.
std::vector<std::uint8_t> rows_touched(ImageView<const std::uint8_t> mask, const Wcs& from, const Wcs& to) {
  constexpr int kMargin = 2;
  const int height = to.height();
  std::vector<std::uint8_t> rows(static_cast<std::size_t>(height), 0);
  const auto row_of = [&](int x, int y) {
    const SkyPosition sky = from.pixel_to_sky(x, y);
    const auto p = to.sky_to_pixel(sky.ra, sky.dec);
    return p ? std::clamp(p->y, -1e6, 1e6) : -1e6;
  };
  for (int y = 0; y < mask.height(); ++y) {
    const std::uint8_t* m = mask.row(y);
    for (int x = 0; x < mask.width();) {
      if (!m[x]) {
        ++x;
        continue;
      }
      const int first = x;
      while (x < mask.width() && m[x]) ++x;
      const auto [low, high] = std::minmax({row_of(first, y), row_of(x - 1, y)});
      const int begin = std::max(0, static_cast<int>(std::floor(low)) - kMargin);
      const int end = std::min(height, static_cast<int>(std::ceil(high)) + kMargin + 1);
      for (int r = begin; r < end; ++r) rows[static_cast<std::size_t>(r)] = 1;
    }
  }
  return rows;
}

// Gives the pixels of `mask` (on the image's grid) whose nearest brick pixel is set in `grown` the value.
void map_back(const Image<std::uint8_t>& grown, const Box& box, const CcdImage& image, const Wcs& brick,
              std::uint8_t value, Image<std::uint8_t>& mask) {
  const Wcs part = brick.sub_image(box);
  const std::vector<std::uint8_t> rows = rows_touched(grown.const_view(), part, image.wcs);
  const PixelMapping mapping(image.wcs, brick);
  if (mapping.empty()) return;
  PixelMapping::Row row;
  for (int y = mapping.box().y0; y < mapping.box().y1; ++y) {
    if (!rows[static_cast<std::size_t>(y)] || !mapping.map_row(y, row)) continue;
    for (int i = 0; i < row.size(); ++i) {
      const int bx = row.ix[i], by = row.iy[i];
      if (bx >= 0 && box.contains(bx, by) && grown(bx - box.x0, by - box.y0)) mask(row.x0 + i, y) = value;
    }
  }
}

// Grows the seeds on the part of the brick inside `comparison.box`. `near`, `far`: the class bits that the
// two steps need.
void grow(GrowingMask& mask, const Comparison& comparison, std::uint8_t near, std::uint8_t far,
          const OutlierOptions& options) {
  const auto is = [&](std::uint8_t bit) {
    return [&comparison, bit](int x, int y) { return (comparison.classes(x, y) & bit) != 0; };
  };
  mask.dilate(options.dilation[0]);
  mask.grow(options.growth_reach, is(near));
  mask.dilate(options.dilation[1]);
  mask.grow(options.growth_reach, is(far));
  mask.dilate(options.dilation[2]);
}

// The sign of a candidate that stands out beside the noise too: 1, -1, or 0 if it does not.
int outstanding(const detect_detail::Candidate& c, float noise, const OutlierOptions& options) {
  const float relative = (c.value - c.others) / std::max(c.others, noise);
  return relative > options.relative_excess ? 1 : relative < -options.relative_excess ? -1 : 0;
}

Image<std::uint8_t> grown_mask(const Exposure& exposure, const Comparison& comparison,
                               ImageView<const std::uint8_t> veto, const Wcs& brick,
                               const OutlierOptions& options) {
  const CcdImage& image = *exposure.image;
  Image<std::uint8_t> mask(image.data.width(), image.data.height());
  const Box& box = comparison.box;
  std::vector<detect_detail::MaskPixel> hot_seeds, cold_seeds;
  std::optional<float> noise;
  for (const detect_detail::Candidate& c : comparison.candidates) {
    if (veto(c.x, c.y)) continue;
    int sign = outstanding(c, comparison.noise_high, options);
    if (sign == 0 && outstanding(c, comparison.noise_low, options) != 0) {
      if (!noise) noise = exposure.noise();
      sign = outstanding(c, *noise, options);
    }
    if (sign != 0) (sign > 0 ? hot_seeds : cold_seeds).push_back({c.x - box.x0, c.y - box.y0});
  }
  const auto grow_and_map = [&](const std::vector<detect_detail::MaskPixel>& seeds, std::uint8_t near,
                                std::uint8_t far, std::uint8_t value) {
    if (seeds.empty()) return;
    GrowingMask grown(box.width(), box.height());
    for (const auto& p : seeds) grown.set(p.x, p.y);
    grow(grown, comparison, near, far, options);
    map_back(grown.image(), box, image, brick, value, mask);
  };
  using namespace detect_detail;
  grow_and_map(hot_seeds, kAboveFirst, kAboveSecond, kOutlierPositive);
  grow_and_map(cold_seeds, kBelowFirst, kBelowSecond, kOutlierNegative);
  return mask;
}

Image<std::uint8_t> grown(const Image<std::uint8_t>& mask, int n) {
  GrowingMask out(mask.width(), mask.height());
  for (int y = 0; y < mask.height(); ++y) {
    const std::uint8_t* m = mask.row(y);
    for (int x = 0; x < mask.width(); ++x)
      if (m[x]) out.set(x, y);
  }
  out.dilate(n);
  return out.image();
}

void unite(Image<std::uint8_t>& mask, const Image<std::uint8_t>& other) {
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x) mask(x, y) |= other(x, y);
}

}  // namespace

Image<std::uint8_t> star_veto(std::span<const std::array<double, 2>> stars, int brick_width, int brick_height,
                              double pixel_scale_arcsec, const OutlierOptions& options) {
  Image<std::uint8_t> veto(brick_width, brick_height);
  const double radius = options.star_radius_arcsec / pixel_scale_arcsec;
  constexpr double kReach = 1 << 28;
  for (const auto& [x, y] : stars) {
    if (!(std::abs(x) < kReach && std::abs(y) < kReach)) continue;
    const Box around{static_cast<int>(std::floor(x - radius)), static_cast<int>(std::ceil(x + radius)) + 1,
                     static_cast<int>(std::floor(y - radius)), static_cast<int>(std::ceil(y + radius)) + 1};
    const Box box = intersection(around, veto.view().box());
    for (int iy = box.y0; iy < box.y1; ++iy)
      for (int ix = box.x0; ix < box.x1; ++ix)
        if ((ix - x) * (ix - x) + (iy - y) * (iy - y) < radius) veto(ix, iy) = 1;
  }
  return veto;
}

PixelPatch patch_from_coadd(const CcdImage& image, const Wcs& brick, ImageView<const float> coadd) {
  const int width = image.data.width(), height = image.data.height();
  std::vector<PixelPatch> rows(static_cast<std::size_t>(height));
  tbb::parallel_for(0, height, [&](int y) {
    const float* inverse_error = image.inverse_error.row(y);
    PixelPatch& patch = rows[static_cast<std::size_t>(y)];
    for (int x = 0; x < width; ++x) {
      if (inverse_error[x] != 0) continue;
      const SkyPosition sky = image.wcs.pixel_to_sky(x, y);
      const auto p = brick.sky_to_pixel(sky.ra, sky.dec);
      if (!p) continue;
      const auto bx = truncated_pixel(p->x, coadd.width()), by = truncated_pixel(p->y, coadd.height());
      if (!bx || !by) continue;
      const float value = coadd(*bx, *by);
      if (std::bit_cast<std::uint32_t>(value) == std::bit_cast<std::uint32_t>(image.data(x, y))) continue;
      patch.pixels.push_back(std::int64_t{y} * width + x);
      patch.values.push_back(value);
    }
  });
  PixelPatch all;
  for (const PixelPatch& row : rows) {
    all.pixels.insert(all.pixels.end(), row.pixels.begin(), row.pixels.end());
    all.values.insert(all.values.end(), row.values.begin(), row.values.end());
  }
  return all;
}

BandOutliers find_band_outliers(std::span<const CcdImage* const> images, const Wcs& brick,
                                ImageView<const std::uint8_t> stars, const OutlierOptions& options,
                                const ExposurePixels& pixels) {
  if (stars.width() != brick.width() || stars.height() != brick.height())
    throw internal_error("the stars' veto map is not of the brick's size");
  BandOutliers out;
  out.images.resize(images.size());
  const std::vector<Exposure> exposures = detect_detail::prepare_exposures(images, brick, options, pixels);
  const detect_detail::BandComparison band = detect_detail::compare_exposures(exposures, brick, options);
  Image<std::uint8_t> veto(stars);
  unite(veto, grown(band.bleeding, options.bleed_growth));
  unite(veto, grown(band.saturated, options.saturation_growth));
  for (int y = 0; y < veto.height(); ++y)
    out.veto_pixels += std::count_if(veto.row(y), veto.row(y) + veto.width(), [](auto v) { return v != 0; });
  tbb::parallel_for(std::size_t{0}, images.size(), [&](std::size_t i) {
    ImageOutliers& o = out.images[i];
    o.blur_sigma = exposures[i].blur_sigma;
    o.mask = grown_mask(exposures[i], band.exposures[i], veto.const_view(), brick, options);
    for (int y = 0; y < o.mask.height(); ++y)
      for (int x = 0; x < o.mask.width(); ++x) {
        o.positive += o.mask(x, y) == kOutlierPositive;
        o.negative += o.mask(x, y) == kOutlierNegative;
      }
  });
  return out;
}

std::int64_t apply_outlier_mask(CcdImage& image, ImageView<const std::uint8_t> mask) {
  if (mask.width() != image.data.width() || mask.height() != image.data.height())
    throw internal_error("an outlier mask is not of its image's size");
  std::int64_t masked = 0;
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x) {
      if (!(mask(x, y) & (kOutlierPositive | kOutlierNegative))) continue;
      image.inverse_error(x, y) = 0;
      image.mask(x, y) |= mask_bit::kOutlier;
      ++masked;
    }
  return masked;
}

MaskedPixelsMean::MaskedPixelsMean(const Wcs& brick)
    : brick_(brick),
      sums_{Image<float>(brick.width(), brick.height()), Image<float>(brick.width(), brick.height())},
      positive_images_(brick.width(), brick.height()),
      negative_images_(brick.width(), brick.height()) {}

void MaskedPixelsMean::add(const CcdImage& image, ImageView<const std::uint8_t> mask) {
  const std::vector<std::uint8_t> rows = rows_touched(mask, image.wcs, brick_);
  if (std::ranges::find(rows, 1) == rows.end()) return;
  const PixelMapping mapping(brick_, image.wcs);
  PixelMapping::Row row;
  for (int y = mapping.box().y0; y < mapping.box().y1; ++y) {
    if (!rows[static_cast<std::size_t>(y)] || !mapping.map_row(y, row)) continue;
    for (int k = 0; k < row.size(); ++k) {
      if (row.ix[k] < 0) continue;
      const std::uint8_t value = mask(row.ix[k], row.iy[k]);
      if (!value) continue;
      const int x = row.x0 + k;
      const bool positive = value == kOutlierPositive;
      (positive ? sums_.positive : sums_.negative)(x, y) += image.data(row.ix[k], row.iy[k]);
      ++(positive ? positive_images_ : negative_images_)(x, y);
    }
  }
}

MaskedPixels MaskedPixelsMean::finish() && {
  for (int y = 0; y < brick_.height(); ++y)
    for (int x = 0; x < brick_.width(); ++x) {
      if (positive_images_(x, y) > 1) sums_.positive(x, y) /= positive_images_(x, y);
      if (negative_images_(x, y) > 1) sums_.negative(x, y) /= negative_images_(x, y);
    }
  return std::move(sums_);
}

}  // namespace brickline
