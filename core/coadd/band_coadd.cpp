#include "core/coadd/band_coadd.h"

#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "core/base/error.h"
#include "core/coadd/model_images.h"
#include "core/resample/lanczos.h"
#include "core/resample/patch.h"
#include "core/resample/pixel_mapping.h"

namespace brickline {

namespace {

// Every bit that a mask may have: where all images are masked in all ways.
constexpr std::uint16_t kAllMaskBits = kCameraMaskBits | mask_bit::kOutlier;

// The effective size of a PSF of noise-equivalent area 1 as the FWHM of a Gaussian: 2 sqrt(2 ln 2)/(2
// sqrt(pi)).
const double kFwhmOfUnitArea = 2 * std::sqrt(2 * std::log(2.0)) / (2 * std::sqrt(M_PI));

// Calls f(y) for the rows y0 <= y < y1, several at a time; each row is one thread's.
template <typename F>
void for_rows(int y0, int y1, F&& f) {
  tbb::parallel_for(tbb::blocked_range<int>(y0, y1, 16), [&](const tbb::blocked_range<int>& r) {
    for (int y = r.begin(); y < r.end(); ++y) f(y);
  });
}

}  // namespace

ObservationTimes::ObservationTimes(std::vector<Pixel> pixels, int brick_width, int brick_height)
    : pixels_(std::move(pixels)), by_row_(std::max(0, brick_height)), ranges_(pixels_.size()) {
  for (std::size_t i = 0; i < pixels_.size(); ++i) {
    const Pixel& p = pixels_[i];
    if (p.x >= 0 && p.x < brick_width && p.y >= 0 && p.y < brick_height)
      by_row_[p.y].push_back(static_cast<int>(i));
  }
}

BandCoadder::BandCoadder(const Wcs& target, std::string band, bool with_models, const CoaddOptions& options)
    : target_(target), options_(options), with_models_(with_models) {
  const int w = target.width(), h = target.height();
  sums_.band = std::move(band);
  const auto floats = [&](Image<float>& image) { image = Image<float>(w, h); };
  const auto shorts = [&](Image<std::int16_t>& image, std::int16_t fill = 0) {
    image = Image<std::int16_t>(w, h, fill);
  };
  for (auto* m : {&sums_.image, &sums_.invvar, &unweighted_}) floats(*m);
  for (auto* m : {&sums_.nexp, &sums_.nobs, &sums_.anymask, &unweighted_count_}) shorts(*m);
  shorts(sums_.allmask, static_cast<std::int16_t>(kAllMaskBits));
  if (with_models_)
    for (auto* m : {&sums_.model, &sums_.blobmodel, &sums_.chi2, &unweighted_model_, &unweighted_blobmodel_})
      floats(*m);
  if (options_.depth_maps)
    for (auto* m : {&sums_.depth, &sums_.galdepth, &sums_.psfsize, &flat_weight_}) floats(*m);
}

void ObservationTimes::note(const PixelMapping::Row& row, int y, double mjd_tai) {
  for (const int index : by_row_[y]) {
    const int i = pixels_[index].x - row.x0;
    if (i < 0 || i >= row.size() || row.ix[i] < 0) continue;
    Range& range = ranges_[index];
    if (range.first == 0 || mjd_tai < range.first) range.first = mjd_tai;
    if (range.last == 0 || mjd_tai > range.last) range.last = mjd_tai;
  }
}

// What an image brings besides its pixels, the same for all of them.
struct BandCoadder::Contribution {
  Contribution(const Wcs& target, const CcdImage& from, const CoaddOptions& options) : image(from) {
    const double scale = options.surface_brightness ? surface_brightness_scale(target, image.wcs) : 1;
    pixel_scale = static_cast<float>(scale);
    weight_scale = static_cast<float>(1 / (scale * scale));
    point_depth = static_cast<float>(std::pow(image.psfnorm / image.sig1, 2));
    galaxy_depth = static_cast<float>(std::pow(image.galnorm / image.sig1, 2));
    flat = static_cast<float>(1 / (image.sig1 * image.sig1));
    const double area = std::pow(image.wcs.pixel_scale_arcsec() / image.psfnorm, 2);
    size_weight = static_cast<float>(1 / (image.sig1 * image.sig1) / area);
    not_allowed = static_cast<std::uint16_t>(~options.unweighted_allowed);
  }
  const CcdImage& image;
  float pixel_scale, weight_scale, point_depth, galaxy_depth, flat, size_weight;
  std::uint16_t not_allowed;
  // The image, and its model and blob model if there are any.
  std::vector<ImageView<const float>> inputs;
};

bool BandCoadder::add(const CcdImage& image, const ModelImages* models, ObservationTimes* times) {
  if (with_models_ != (models != nullptr))
    throw internal_error("a coadd with models needs them of every image");
  const PixelMapping mapping(target_, image.wcs);
  if (mapping.empty()) return false;

  Contribution from(target_, image, options_);
  Image<float> patched;
  if (options_.lanczos) {
    patched = image.data;
    patch_masked_pixels(patched, image.inverse_error.view());
    from.inputs.push_back(patched.const_view());
  } else {
    from.inputs.push_back(image.data.const_view());
  }
  if (models) {
    from.inputs.push_back(models->model.const_view());
    from.inputs.push_back(models->blob_model.const_view());
  }

  // Tiles of the target, so that what is read of an image that is turned against it stays close together.
  constexpr int kRows = 16, kColumns = 128;
  struct Scratch {
    PixelMapping::Row rows[kRows];
    Resampled values;
  };
  tbb::enumerable_thread_specific<Scratch> scratches;
  const Box box = mapping.box();
  tbb::parallel_for(0, (box.height() + kRows - 1) / kRows, [&](int block) {
    Scratch& s = scratches.local();
    const int y0 = box.y0 + block * kRows, rows = std::min(kRows, box.y1 - y0);
    int widest = 0;
    std::array<bool, kRows> covered{};
    for (int k = 0; k < rows; ++k) {
      covered[k] = mapping.map_row(y0 + k, s.rows[k]);
      if (covered[k]) widest = std::max(widest, s.rows[k].size());
    }
    for (int begin = 0; begin < widest; begin += kColumns)
      for (int k = 0; k < rows; ++k) {
        if (!covered[k]) continue;
        const int end = std::min(begin + kColumns, s.rows[k].size());
        resample(from, s.rows[k], begin, end, s.values);
        add_pixels(from, s.values, s.rows[k], y0 + k, begin, end);
      }
    if (times)
      for (int k = 0; k < rows; ++k)
        if (covered[k]) times->note(s.rows[k], y0 + k, image.mjd_tai);
  });
  ++sums_.images;
  return true;
}

void BandCoadder::resample(const Contribution& from, const PixelMapping::Row& row, int begin, int end,
                           Resampled& values) const {
  std::array<std::span<float>, 3> outs;
  for (std::size_t k = 0; k < from.inputs.size(); ++k) {
    values[k].resize(static_cast<std::size_t>(row.size()));
    outs[k] = values[k];
  }
  if (options_.lanczos)
    lanczos3_row(from.inputs, row, std::span<const std::span<float>>(outs.data(), from.inputs.size()), begin,
                 end);
  else
    for (std::size_t k = 0; k < from.inputs.size(); ++k)
      nearest_row(from.inputs[k], row, outs[k], begin, end);
}

void BandCoadder::add_pixels(const Contribution& from, const Resampled& values, const PixelMapping::Row& row,
                             int y, int begin, int end) {
  const CcdImage& image = from.image;
  BandCoadd& c = sums_;
  for (int i = begin; i < end; ++i) {
    const int ix = row.ix[i], iy = row.iy[i];
    if (ix < 0) continue;
    const int x = row.x0 + i;
    const float inverse_error = image.inverse_error(ix, iy);
    const float weight = inverse_error * inverse_error * from.weight_scale;
    const std::uint16_t mask = image.mask(ix, iy);
    float value = values[0][i] * from.pixel_scale;
    c.image(x, y) += weight * value;
    c.invvar(x, y) += weight;
    if (mask & image.saturation_bits) value = options_.saturated_value;
    const bool good = (mask & from.not_allowed) == 0;
    if (good) {
      unweighted_(x, y) += value;
      ++unweighted_count_(x, y);
    }
    c.nobs(x, y) = static_cast<std::int16_t>(c.nobs(x, y) + 1);
    if (weight > 0) c.nexp(x, y) = static_cast<std::int16_t>(c.nexp(x, y) + 1);
    c.anymask(x, y) = static_cast<std::int16_t>(c.anymask(x, y) | mask);
    c.allmask(x, y) = static_cast<std::int16_t>(c.allmask(x, y) & mask);
    if (with_models_) {
      const float model = values[1][i] * from.pixel_scale, blob_model = values[2][i] * from.pixel_scale;
      c.model(x, y) += weight * model;
      c.blobmodel(x, y) += weight * blob_model;
      const float difference = value - model;
      c.chi2(x, y) += weight * difference * difference;
      if (good) {
        unweighted_model_(x, y) += model;
        unweighted_blobmodel_(x, y) += blob_model;
      }
    }
    if (options_.depth_maps) {
      if (weight > 0) {
        c.depth(x, y) += from.point_depth;
        c.galdepth(x, y) += from.galaxy_depth;
      }
      c.psfsize(x, y) += from.size_weight;
      flat_weight_(x, y) += from.flat;
    }
  }
}

BandCoadd BandCoadder::finish() {
  const int w = target_.width(), h = target_.height();
  BandCoadd& c = sums_;
  if (with_models_) {
    c.residual = Image<float>(w, h);
    c.blob_residual = Image<float>(w, h);
  }
  for_rows(0, h, [&](int y) {
    for (int x = 0; x < w; ++x) {
      const float weight = c.invvar(x, y);
      const auto count = static_cast<float>(std::max<std::int16_t>(unweighted_count_(x, y), 1));
      if (weight > 0) {
        c.image(x, y) /= weight;
        if (with_models_) {
          c.model(x, y) /= weight;
          c.blobmodel(x, y) /= weight;
          c.residual(x, y) = c.image(x, y) - c.model(x, y);
          c.blob_residual(x, y) = c.image(x, y) - c.blobmodel(x, y);
        }
      } else {
        c.image(x, y) = unweighted_(x, y) / count;
        if (with_models_) {
          c.model(x, y) = unweighted_model_(x, y) / count;
          c.blobmodel(x, y) = unweighted_blobmodel_(x, y) / count;
        }
      }
      if (c.nobs(x, y) == 0) c.allmask(x, y) = 0;
      if (options_.depth_maps) {
        const float inverse_area = c.psfsize(x, y);
        c.psfsize(x, y) =
            inverse_area > 0
                ? static_cast<float>(kFwhmOfUnitArea / std::sqrt(inverse_area / flat_weight_(x, y)))
                : 0.0f;
      }
    }
  });
  return std::move(sums_);
}

}  // namespace brickline
