// A CCD's pixels, mask, weights and sky.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/facts/mask_bits.h"
#include "core/image/ccd_reading.h"
#include "core/image/edges.h"
#include "core/image/inverse_variance.h"
#include "core/image/row_agreement.h"
#include "core/sky/sky_calibration.h"

namespace brickline {
namespace {

void subtract(const Image<float>& level, Image<float>& pixels) {
  for (int y = 0; y < pixels.height(); ++y)
    for (int x = 0; x < pixels.width(); ++x) pixels(x, y) -= level(x, y);
}

// Fewer pixels may all be a source's: what contradicts their medians is told, and no error.
constexpr std::int64_t kFewestToContradict = 2500;

std::int64_t count_positive(const Image<float>& weight) {
  std::int64_t count = 0;
  for (int y = 0; y < weight.height(); ++y)
    for (int x = 0; x < weight.width(); ++x) count += weight(x, y) > 0;
  return count;
}

// How many pixels are no numbers, and the first of them as FITS counts; empty: none.
std::string not_finite(const Image<float>& pixels, const Box& extent) {
  std::int64_t count = 0;
  int first_x = 0, first_y = 0;
  for (int y = 0; y < pixels.height(); ++y)
    for (int x = 0; x < pixels.width(); ++x) {
      if (std::isfinite(pixels(x, y))) continue;
      if (count++ == 0) first_x = x, first_y = y;
    }
  if (count == 0) return {};
  return fmt::format("{} pixels of the image are not finite (the first at x {}, y {}, counted from 1)", count,
                     first_x + extent.x0 + 1, first_y + extent.y0 + 1);
}

}  // namespace

void CcdReading::read_pixels() {
  out_.data = ccd_.read_image(out_.extent);
  if (facts_.pixels.nan == PixelFacts::Nan::kError)
    if (const std::string found = not_finite(out_.data, out_.extent); !found.empty())
      throw input_error("{}; the camera's fact pixels.nan \"zero_and_mask\" would mask them", found)
          .in_file(ccd_.image_file().string(), std::to_string(ccd_.image_hdu()));
}

void CcdReading::read_mask() {
  std::optional<Image<std::int32_t>> raw = ccd_.read_mask(out_.extent);
  if (!raw) raw.emplace(out_.extent.width(), out_.extent.height());
  Image<std::uint8_t> bad;
  if (facts_.pixels.nan == PixelFacts::Nan::kZeroAndMask) {
    bad = Image<std::uint8_t>(out_.data.width(), out_.data.height());
    for (int y = 0; y < bad.height(); ++y)
      for (int x = 0; x < bad.width(); ++x)
        if (!std::isfinite(out_.data(x, y))) {
          bad(x, y) = 1;
          out_.data(x, y) = 0;
        }
  }
  out_.mask = ccd_.remap_mask(out_.extent, raw->const_view(), out_.data.const_view());
  for (int y = 0; y < bad.height(); ++y)
    for (int x = 0; x < bad.width(); ++x)
      if (bad(x, y)) out_.mask(x, y) |= mask_bit::kBadpix;
}

namespace {

// Edges without weight are nothing to speak of, but whole parts of a CCD are.
bool is_part_of_note(const Box& extent) {
  constexpr int kWidestEdge = 35;  // pixels
  return extent.width() > kWidestEdge && extent.height() > kWidestEdge;
}

}  // namespace

void CcdReading::read_weights() {
  using Kind = WeightFacts::Kind;
  const WeightFacts& facts = facts_.weight;
  if (const Kind* kind = facts.kind.find(values(), &ccd_.headers())) weight_kind_ = *kind;

  std::optional<Image<float>> plane = ccd_.read_weight(out_.extent);
  const bool constant = !plane;
  if (plane) {
    weight_ = std::move(*plane);
    if (weight_kind_ == Kind::kVariance) invert_variance(weight_);
    if (weight_kind_ == Kind::kSigma) invert_sigma(weight_);
  } else {
    double sigma = out_.sig1 * out_.zpscale;
    if (sigma == 0) sigma = noise_from_pixel_differences(out_.data, out_.mask);
    if (!(sigma > 0)) throw input_error("there is no weight map, and no noise to make one from");
    weight_ = Image<float>(out_.data.width(), out_.data.height(), static_cast<float>(1 / (sigma * sigma)));
  }
  if (facts.zero_where_mask) zero_where_masked(weight_, out_.mask);
  if (!all_finite(weight_)) {
    Error e = input_error("weights are not finite");
    if (!ccd_.weight_file().empty()) e.in_file(ccd_.weight_file().string());
    throw e;
  }
  if (!constant && weight_kind_ == Kind::kInverseVariance && facts.quantisation_repair) repair_weights();

  if (input_.sig1_from_weights) {
    const double median = median_positive(weight_);
    out_.sig1 = median > 0 ? 1 / (std::sqrt(median) * out_.zpscale) : 0;
    log_.debug("{}: sig1 from the weights: {:.6g} nanomaggies", out_.name, out_.sig1);
  }
  const double sigma = out_.sig1 * out_.zpscale;
  if (!constant && !input_.sig1_from_weights) compare_noise(sigma);
  if (sigma > 0 && facts.clip_factor) clip_weights(weight_, 1 / (sigma * sigma), *facts.clip_factor);
  zero_negative(weight_);
  if (all_zero(weight_)) {
    if (is_part_of_note(out_.extent))
      log_.warning("{}: not used: none of {} x {} pixels has weight", out_.name, weight_.width(),
                   weight_.height());
    throw SkipCcd("no pixel has weight");
  }
}

void CcdReading::compare_noise(double sigma) {
  RowTolerance tolerance;
  // As for the zero point, which the table's noise is in units of (compare_with_row).
  if (!options_.nanomaggies || count_positive(weight_) < kFewestToContradict)
    tolerance.noise_contradiction = std::numeric_limits<double>::infinity();
  try {
    if (const auto disagreement = noise_disagreement(weight_, sigma, tolerance))
      log_.warning("{}: {}", out_.name, *disagreement);
  } catch (Error& e) {
    throw e.in_file((ccd_.weight_file().empty() ? ccd_.image_file() : ccd_.weight_file()).string());
  }
}

// Only a file's own plane can have been quantised; a plugin may make its weights without one.
void CcdReading::repair_weights() {
  if (ccd_.weight_file().empty()) return;
  fits::FitsReader* reader = ccd_.weight_reader().fits();
  if (!reader) return;  // a camera's own format
  const int hdu = ccd_.weight_hdu();
  // A larger plane, whose edges are cut, begins before the image.
  const int image_height = ccd_.image_reader().image_info(ccd_.image_hdu()).height;
  const int excess = reader->image_info(hdu).height - image_height;
  const int trimmed = excess == 2 * facts_.weight.trim_excess_pixels ? facts_.weight.trim_excess_pixels : 0;
  const QuantisationSteps steps =
      quantisation_steps(*reader, hdu, out_.extent.y0 + trimmed, out_.extent.height());
  const std::optional<float> threshold = repair_zeros(weight_, steps, options_.blurred_zero_fraction);
  if (threshold)
    log_.debug("{}: compression has blurred the weights' zeros ({}); weights below {:.6g} are 0", out_.name,
               steps.why_unknown, *threshold);
}

void CcdReading::saturation() {
  ccd_.saturation(out_.extent, out_.data.view(), out_.mask.view(), weight_.view());
  if (facts_.weight.zero_where_mask) zero_where_masked(weight_, out_.mask);
}

// The template that the sky model was made after must go before the model does.
void CcdReading::subtract_template() {
  if (!facts_.sky.sky_template) return;
  const std::filesystem::path directory =
      sky_template_directory(*facts_.sky.sky_template, options_.sky_template_dir, options_.environment);
  if (directory.empty()) return;
  const std::optional<ScaledSkyTemplate> sky =
      read_sky_template(*facts_.sky.sky_template, directory, values(), out_.extent, options_.old_calibs_ok,
                        log_, input_.source.read_log);
  if (!sky) return;
  template_ = sky->id;
  subtract(sky->level, out_.data);
  if (!all_finite(out_.data)) throw input_error("pixels are not finite after the sky template");
}

void CcdReading::remap_weights() {
  ccd_.remap_weight(out_.extent, out_.data.view(), out_.mask.view(), weight_.view());
  if (!all_finite(out_.data)) throw input_error("pixels are not finite after the weights' correction");
}

void CcdReading::trim() {
  const Box keep = weighted_box(weight_);
  if (keep.width() < options_.min_size || keep.height() < options_.min_size)
    throw SkipCcd(fmt::format("{} x {} pixels are left without the edges that have no weight", keep.width(),
                              keep.height()));
  if (keep == weight_.box()) return;
  out_.data = crop(out_.data, keep);
  out_.mask = crop(out_.mask, keep);
  weight_ = crop(weight_, keep);
  out_.extent = keep.shifted(out_.extent.x0, out_.extent.y0);
}

// The sky over the extent, in native units: the camera's own model, else that of its calibration.
Image<float> CcdReading::sky_level() {
  using Origin = SkyFacts::Origin;
  if (facts_.sky.source != Origin::kCalibration && facts_.sky.source != Origin::kPlugin)
    return Image<float>(out_.extent.width(), out_.extent.height());
  if (std::optional<ProvidedSky> own = ccd_.sky(out_.extent)) {
    out_.sky_version = own->version;
    return std::move(own->level);
  }
  const bool versions = facts_.checks.version_validation == CheckFacts::Versions::kFull;
  const SkyCalibration sky =
      read_sky_calibration(calibration_files(CalibrationKind::kSky), CalibrationKey::of(values()),
                           calibration_checks(versions), log_);
  if (options_.pixels && facts_.sky.sky_template)
    check_sky_template(sky, *facts_.sky.sky_template, template_, options_.old_calibs_ok, log_);
  out_.sky_version = sky.version;
  out_.sky_plver = sky.plver;
  sky_file_ = sky.file;
  return sky.model.render(out_.extent);
}

void CcdReading::subtract_sky() {
  const Image<float> level = sky_level();
  if (!all_finite(level)) throw input_error("the sky model is not finite");
  out_.sky_median = median_of(level);
  if (options_.pixels && options_.subtract_sky) subtract(level, out_.data);
}

void CcdReading::scale_to_nanomaggies() {
  const auto scale = static_cast<float>(out_.zpscale);
  const auto scale_squared = static_cast<float>(out_.zpscale * out_.zpscale);
  for (int y = 0; y < out_.data.height(); ++y)
    for (int x = 0; x < out_.data.width(); ++x) {
      out_.data(x, y) /= scale;
      weight_(x, y) *= scale_squared;
    }
}

void CcdReading::flatten_weights() {
  if (!(out_.sig1 > 0)) throw input_error("constant weights need the noise per pixel (sig1)");
  const double sigma = typical_sigma();
  const auto typical = static_cast<float>(1 / (sigma * sigma));
  for (int y = 0; y < weight_.height(); ++y)
    for (int x = 0; x < weight_.width(); ++x)
      if (weight_(x, y) > 0) weight_(x, y) = typical;
}

// The sky's level in the pixels' units, as the CCD table has it: counts per second.
std::optional<double> CcdReading::sky_of_table() {
  const CcdSource& source = input_.source;
  constexpr const char* kColumn = "ccdskycounts";
  if (!source.table || source.row < 0 || !source.table->has(kColumn)) return {};
  const double counts = source.table->number(kColumn, source.row);
  const double level = facts_.pixels.unit == PixelFacts::Unit::kTotal ? counts * values().exptime : counts;
  return std::isfinite(level) ? std::optional(level) : std::nullopt;
}

void CcdReading::check_level() {
  const double sigma = typical_sigma();
  const double median = median_where_weighted(out_.data, weight_);
  using Origin = SkyFacts::Origin;
  const bool has_model = facts_.sky.source == Origin::kCalibration || facts_.sky.source == Origin::kPlugin;
  // The table's sky is that of pixels with the template in them.
  if (has_model && !template_ && count_positive(weight_) >= kFewestToContradict &&
      std::abs(median) > kImpossibleSky * sigma) {
    // The table's noise may be what is wrong.
    const double noise = std::max(sigma, noise_from_pixel_differences(out_.data, out_.mask));
    const double unit = options_.nanomaggies ? out_.zpscale : 1;
    if (const auto wrong =
            sky_contradiction({median * unit, noise * unit, out_.sky_median, sky_of_table()})) {
      Error e = input_error("{}", *wrong);
      throw e.in_file((sky_file_.empty() ? ccd_.image_file() : sky_file_).string());
    }
  }
  if (std::abs(median) > sigma)
    log_.warning(
        "{}: the median of the sky-subtracted image is {:.3g}, more than the noise per pixel ({:.3g})",
        out_.name, median, sigma);
}

void CcdReading::finish_pixels() {
  out_.inverse_error = std::move(weight_);
  for (int y = 0; y < out_.inverse_error.height(); ++y)
    for (int x = 0; x < out_.inverse_error.width(); ++x)
      out_.inverse_error(x, y) = std::sqrt(out_.inverse_error(x, y));
  if (!all_finite(out_.data) || !all_finite(out_.inverse_error))
    throw input_error("calibrated pixels or their errors are not finite");
}

}  // namespace brickline
