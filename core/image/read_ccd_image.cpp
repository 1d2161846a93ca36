#include "core/image/read_ccd_image.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "core/base/error.h"
#include "core/base/read_log.h"
#include "core/facts/mask_bits.h"
#include "core/image/corrected_wcs.h"
#include "core/image/edges.h"
#include "core/image/file_versions.h"
#include "core/image/inverse_variance.h"
#include "core/image/row_agreement.h"
#include "core/image/sky_template.h"
#include "core/model/galaxy_norm.h"
#include "core/psf/psfex.h"
#include "core/psf/stamp.h"
#include "core/sky/sky_calibration.h"
#include "core/survey/calibration.h"
#include "core/survey/time.h"
#include "core/wcs/polygon.h"
#include "core/wcs/projection_cards.h"

namespace brickline {
namespace {

void subtract(const Image<float>& level, Image<float>& pixels) {
  for (int y = 0; y < pixels.height(); ++y)
    for (int x = 0; x < pixels.width(); ++x) pixels(x, y) -= level(x, y);
}

// One CCD on its way. Members are filled in the order of the steps.
class Reading {
 public:
  Reading(const Camera& camera, const CcdInput& input, const ReadImageOptions& options, Log log)
      : facts_(camera.facts()),
        input_(input),
        options_(options),
        log_(log),
        ccd_(camera.open(input.source, options.purpose, log)) {}

  CcdImage run() {
    identify();
    check_versions();
    compare_with_row();
    locate();
    if (options_.pixels) {
      read_pixels();
      read_mask();
      read_weights();
      saturation();
      subtract_template();
      if (options_.camera_noise) remap_weights();
    }
    seeing();
    if (options_.pixels) {
      relabel_at_side_edges(out_.mask, mask_bit::kSatur | mask_bit::kBleed);
      if (options_.trim_edges) trim();
    }
    if (options_.sky) subtract_sky();
    if (options_.pixels) {
      if (options_.nanomaggies) scale_to_nanomaggies();
      if (options_.constant_weight) flatten_weights();
      if (options_.apodize) apodize(weight_, options_.apodize_pixels);
      if (is_sky_subtracted()) {
        check_level();
        ccd_.after_sky(out_.extent, out_.data.view(), out_.mask.view(), weight_.view());
      }
      finish_pixels();
    }
    out_.wcs = out_.full_wcs.sub_image(out_.extent);
    out_.pixel_scale_arcsec = out_.full_wcs.pixel_scale_arcsec();
    compare_with_nominal_scale();
    if (facts_.halo) out_.halo = facts_.halo->model(values(), &ccd_.headers());
    if (options_.psf) {
      read_psf();
      measure_psf();
    }
    return std::move(out_);
  }

 private:
  const CcdValues& values() { return ccd_.values(); }

  std::vector<std::filesystem::path> calibration_files(CalibrationKind kind) {
    std::vector<std::filesystem::path> files;
    const std::vector<std::string> names = calibration_paths(kind, facts_.files, values());
    for (const std::filesystem::path& directory : options_.calibration_dirs)
      for (const std::string& name : names) {
        files.push_back(directory / name);
        if (input_.source.read_log) input_.source.read_log->note(files.back());
      }
    for (const std::string& name : names) files.push_back(input_.source.locate(SurveyPlace::kCalib, name));
    return files;
  }
  CalibrationChecks calibration_checks(bool versions) const {
    return {
        .versions = versions, .old_calibs_ok = options_.old_calibs_ok, .read_log = input_.source.read_log};
  }
  bool is_sky_subtracted() const { return options_.sky && options_.subtract_sky; }
  // The noise per pixel, in the units that the finished pixels have.
  double typical_sigma() const { return options_.nanomaggies ? out_.sig1 : out_.sig1 * out_.zpscale; }

  void identify();
  void check_versions();
  void compare_with_row();
  void locate();
  void compare_with_table();
  void compare_with_nominal_scale();
  void compare_with_companions();
  void read_pixels();
  void read_mask();
  void read_weights();
  void repair_weights();
  void saturation();
  void subtract_template();
  void remap_weights();
  void seeing();
  void trim();
  Image<float> sky_level();
  void subtract_sky();
  void scale_to_nanomaggies();
  void flatten_weights();
  void check_level();
  void finish_pixels();
  void read_psf();
  void measure_psf();

  const CameraFacts& facts_;
  const CcdInput& input_;
  const ReadImageOptions& options_;
  Log log_;
  OpenCcd ccd_;
  CcdImage out_;
  WeightFacts::Kind weight_kind_ = WeightFacts::Kind::kInverseVariance;
  Image<float> weight_;  // inverse variances, in the units of out_.data
  std::optional<SkyTemplateId> template_;
  std::filesystem::path psf_file_;  // empty: the camera's own model
  bool has_own_frame_ = false;      // world coordinates that are not the image header's
};

void Reading::identify() {
  const CcdValues& v = values();
  static_cast<CcdValues&>(out_) = v;
  out_.ccd_row = input_.source.row;
  out_.name = ccd_image_name(facts_.files, v);
  out_.saturation_bits = facts_.mask.saturation_bits;
  out_.mjd_tai = mjd_tai(v.mjd_obs);

  if (options_.nanomaggies || !std::isnan(v.ccdzpt)) {
    if (!std::isfinite(v.ccdzpt)) throw input_error("the zero point (ccdzpt) is not a number");
    const double zero_point = effective_zero_point(facts_.pixels, v.ccdzpt, v.exptime);
    if (!std::isfinite(zero_point))
      throw input_error("there is no zero point from ccdzpt {} and an exposure of {} s", v.ccdzpt, v.exptime);
    out_.zpscale = std::pow(10, (zero_point - 22.5) / 2.5);
  }
  out_.sig1 = input_.sig1_from_weights ? 0 : v.sig1;
  if (std::isnan(out_.sig1)) throw input_error("the noise per pixel (sig1) is not a number");
}

void Reading::check_versions() {
  const fits::Header &primary = ccd_.primary_header(), &image = ccd_.image_header();
  if (facts_.checks.version_validation == CheckFacts::Versions::kFull) {
    const CalibrationKey key = CalibrationKey::of(values());
    const auto check = [&](const std::filesystem::path& file, const fits::Header& header) {
      check_file_version(file, header, key, facts_.checks, values(), options_.old_calibs_ok, log_);
    };
    check(ccd_.image_file(), primary);
    if (!ccd_.mask_file().empty() && ccd_.mask_file() != ccd_.image_file())
      check(ccd_.mask_file(), ccd_.mask_reader().header(facts_.hdus.primary));
    if (!ccd_.weight_file().empty() && ccd_.weight_file() != ccd_.image_file())
      check(ccd_.weight_file(), ccd_.weight_reader().header(facts_.hdus.primary));
  }
  const auto text = [](const fits::Header& header, const char* key) { return header.text(key).value_or(""); };
  out_.plver = text(primary, "PLVER");
  out_.plprocid = text(primary, "PLPROCID");
  out_.procdate = text(primary, "DATE");
  out_.datasum = text(image, "DATASUM");
  for (const std::string_view key : kOriginKeys) {
    const fits::Card* card = primary.find(key);
    if (!card) card = image.find(key);
    if (card) out_.origin.push_back({card->key, card->value, card->comment, {}});
  }
}

void Reading::locate() {
  int width = values().width, height = values().height;
  if (width <= 0 || height <= 0) {
    const fits::ImageInfo info = ccd_.image_reader().image_info(ccd_.image_hdu());
    width = info.width;
    height = info.height;
  }
  try {
    const std::optional<fits::Header> stated = ccd_.wcs_cards();
    has_own_frame_ = stated.has_value();
    if (!stated) refuse_inherited_frame(ccd_.image_header(), ccd_.primary_header());
    out_.full_wcs = Wcs::from_header(stated.value_or(ccd_.image_header()), width, height);
  } catch (Error& e) {
    e.in_file(ccd_.image_file().string(), std::to_string(ccd_.image_hdu()));
    throw;
  }
  compare_with_companions();
  compare_with_table();
  if (options_.purpose != Purpose::kMeasure)
    if (const auto cards = corrected_wcs(input_.source, values(), options_.calibration_dirs))
      out_.full_wcs = Wcs::from_header(*cards, width, height);
  if (facts_.wcs.offset) out_.full_wcs = out_.full_wcs.with_offset(input_.ra_offset, input_.dec_offset);

  Box extent = Box::from_size(width, height);
  if (options_.window)
    extent = intersection(extent, *options_.window);
  else if (!options_.polygon.empty())
    extent = extent_of_sky_polygon(out_.full_wcs, options_.polygon);
  extent = intersection(extent, ccd_.good_region());
  if (extent.width() < options_.min_size || extent.height() < options_.min_size)
    throw SkipCcd(
        fmt::format("the part that the target sees is {} x {} pixels", extent.width(), extent.height()));
  out_.extent = extent;
}

// Before the astrometric offset, which is the table's correction of the header.
void Reading::compare_with_table() {
  if (!input_.table_wcs) return;
  const std::optional<std::string> disagreement = wcs_disagreement(out_.full_wcs, *input_.table_wcs);
  if (!disagreement) {
    if (const auto small = wcs_disagreement(out_.full_wcs, *input_.table_wcs, kNoticeable))
      log_.warning("{}: {}; the header is used", out_.name, *small);
    return;
  }
  switch (options_.wcs_trust) {
    case WcsTrust::kNeither:
      throw input_error("{}: which one is right is for --trust-header or --trust-table to say", *disagreement)
          .in_file(ccd_.image_file().string(), std::to_string(ccd_.image_hdu()));
    case WcsTrust::kHeader:
      log_.warning("{}: {}; the header is trusted", out_.name, *disagreement);
      return;
    case WcsTrust::kTable:
      log_.warning("{}: {}; the table is trusted", out_.name, *disagreement);
      out_.full_wcs = input_.table_wcs->linear;
      return;
  }
}

void Reading::compare_with_nominal_scale() {
  constexpr double kFar = 0.1;  // of the ratio: distortions are smaller, other units are far away
  const double nominal = facts_.detector.pixel_scale_arcsec;
  if (!(std::abs(out_.pixel_scale_arcsec / nominal - 1) < kFar))
    log_.warning(
        "{}: its pixels are {:.4g} arcsec by the world coordinates, {:.4g} by the fact detector.pixel_scale_arcsec of "
        "camera {}: one of them is wrong",
        out_.name, out_.pixel_scale_arcsec, nominal, facts_.camera.name);
}

// Masks and weights come with the image's world coordinates: a card that was changed in one of the three files shows,
// also one of a distortion, of which the table knows nothing.
void Reading::compare_with_companions() {
  if (has_own_frame_) return;  // the image's own are not used
  const std::string projection = ccd_.image_header().text("CTYPE1").value_or("");
  for (const auto& [which, what] : {std::pair{HeaderOf::kMask, "mask"}, {HeaderOf::kWeight, "weight map"}}) {
    const fits::Header* header = ccd_.headers().header(which);
    if (!header || header == &ccd_.image_header() || !header->has("CRVAL1")) continue;
    if (header->text("CTYPE1").value_or("") != projection) continue;
    double apart = 0;
    try {
      apart = farthest_arcsec(out_.full_wcs,
                              Wcs::from_header(*header, out_.full_wcs.width(), out_.full_wcs.height()));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kResources) throw;
      log_.debug("{}: the {}'s world coordinates: {}", out_.name, what, error.message());
      continue;
    }
    constexpr double kSameArcsec = 0.001;  // they are copies, written with fewer digits perhaps
    if (!(apart <= kSameArcsec))
      log_.warning(
          "{}: the header's world coordinates and those of the {} are {:.3g} arcsec apart; the image's are used",
          out_.name, what, apart);
  }
}

// Of a CCD that has a row. In one line, which a person can look up by its CCD.
void Reading::compare_with_row() {
  const CcdSource& source = input_.source;
  if (!source.table || source.row < 0) return;
  constexpr double kArcsec = 3600;
  RowTolerance tolerance;
  // Whoever does not use the zero point may be about to make it, or need the CCD although it has none.
  if (!options_.nanomaggies)
    tolerance.zero_point_below_mag = tolerance.zero_point_above_mag = std::numeric_limits<double>::infinity();
  const std::vector<std::string> found =
      row_disagreements(facts_, source.values, source.table, source.row, input_.ra_offset * kArcsec,
                        input_.dec_offset * kArcsec, ccd_.headers(), tolerance);
  if (!found.empty()) log_.warning("{}: {}; the CCD table is used", out_.name, fmt::join(found, "; "));
  if (const auto unit = unit_disagreement(facts_.pixels, ccd_.image_header().text("BUNIT").value_or("")))
    log_.warning("{}: {}", out_.name, *unit);
}

namespace {

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

void Reading::read_pixels() {
  out_.data = ccd_.read_image(out_.extent);
  if (facts_.pixels.nan == PixelFacts::Nan::kError)
    if (const std::string found = not_finite(out_.data, out_.extent); !found.empty())
      throw input_error("{}; the camera's fact pixels.nan \"zero_and_mask\" would mask them", found)
          .in_file(ccd_.image_file().string(), std::to_string(ccd_.image_hdu()));
}

void Reading::read_mask() {
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

void Reading::read_weights() {
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
  if (!constant && !input_.sig1_from_weights)
    if (const auto disagreement = noise_disagreement(weight_, sigma))
      log_.warning("{}: {}", out_.name, *disagreement);
  if (sigma > 0 && facts.clip_factor) clip_weights(weight_, 1 / (sigma * sigma), *facts.clip_factor);
  zero_negative(weight_);
  if (all_zero(weight_)) {
    if (is_part_of_note(out_.extent))
      log_.warning("{}: not used: none of {} x {} pixels has weight", out_.name, weight_.width(),
                   weight_.height());
    throw SkipCcd("no pixel has weight");
  }
}

// Only a file's own plane can have been quantised; a plugin may make its weights without one.
void Reading::repair_weights() {
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

void Reading::saturation() {
  ccd_.saturation(out_.extent, out_.data.view(), out_.mask.view(), weight_.view());
  if (facts_.weight.zero_where_mask) zero_where_masked(weight_, out_.mask);
}

// The template that the sky model was made after must go before the model does.
void Reading::subtract_template() {
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

void Reading::remap_weights() {
  ccd_.remap_weight(out_.extent, out_.data.view(), out_.mask.view(), weight_.view());
  if (!all_finite(out_.data)) throw input_error("pixels are not finite after the weights' correction");
}

void Reading::seeing() {
  out_.psf_fwhm = values().psf_fwhm;
  constexpr double kNarrowest = 0.5, kWidest = 100;  // pixels; what stars are matched with grows with it
  if (options_.seeing && !(out_.psf_fwhm >= kNarrowest && out_.psf_fwhm <= kWidest))
    throw input_error(
        "the seeing (FWHM) is {}, not a number of pixels from {} to {}: the header has none where the camera's fact "
        "metadata.fwhm looks, nor has the CCD table's column fwhm",
        out_.psf_fwhm, kNarrowest, kWidest)
        .in_file(ccd_.image_file().string(), std::to_string(ccd_.image_hdu()));
}

void Reading::trim() {
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
Image<float> Reading::sky_level() {
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
  return sky.model.render(out_.extent);
}

void Reading::subtract_sky() {
  const Image<float> level = sky_level();
  if (!all_finite(level)) throw input_error("the sky model is not finite");
  out_.sky_median = median_of(level);
  if (options_.pixels && options_.subtract_sky) subtract(level, out_.data);
}

void Reading::scale_to_nanomaggies() {
  const auto scale = static_cast<float>(out_.zpscale);
  const auto scale_squared = static_cast<float>(out_.zpscale * out_.zpscale);
  for (int y = 0; y < out_.data.height(); ++y)
    for (int x = 0; x < out_.data.width(); ++x) {
      out_.data(x, y) /= scale;
      weight_(x, y) *= scale_squared;
    }
}

void Reading::flatten_weights() {
  if (!(out_.sig1 > 0)) throw input_error("constant weights need the noise per pixel (sig1)");
  const double sigma = typical_sigma();
  const auto typical = static_cast<float>(1 / (sigma * sigma));
  for (int y = 0; y < weight_.height(); ++y)
    for (int x = 0; x < weight_.width(); ++x)
      if (weight_(x, y) > 0) weight_(x, y) = typical;
}

void Reading::check_level() {
  const double sigma = typical_sigma();
  const double median = median_where_weighted(out_.data, weight_);
  if (std::abs(median) > sigma)
    log_.warning(
        "{}: the median of the sky-subtracted image is {:.3g}, more than the noise per pixel ({:.3g})",
        out_.name, median, sigma);
}

void Reading::finish_pixels() {
  out_.inverse_error = std::move(weight_);
  for (int y = 0; y < out_.inverse_error.height(); ++y)
    for (int x = 0; x < out_.inverse_error.width(); ++x)
      out_.inverse_error(x, y) = std::sqrt(out_.inverse_error(x, y));
  if (!all_finite(out_.data) || !all_finite(out_.inverse_error))
    throw input_error("calibrated pixels or their errors are not finite");
}

void Reading::read_psf() {
  Psf full;
  if (std::optional<ProvidedPsf> own = ccd_.psf()) {
    full = std::move(own->psf);
    out_.psf_version = own->version;
  } else {
    const bool versions = facts_.checks.version_validation != CheckFacts::Versions::kExistence;
    PsfCalibration found =
        read_psf_calibration(calibration_files(CalibrationKind::kPsf), CalibrationKey::of(values()),
                             calibration_checks(versions), options_.normalize_psf, log_);
    full = std::move(found.psf);
    out_.psf_version = found.version;
    out_.psf_plver = found.plver;
    psf_file_ = found.file;
    if (out_.halo) {
      out_.halo->moffat_alpha_arcsec = found.moffat_alpha_arcsec;
      out_.halo->moffat_beta = found.moffat_beta;
    }
  }
  out_.psf = full.shifted(out_.extent.x0, out_.extent.y0);
}

void Reading::measure_psf() {
  const Image<float> stamp = out_.psf.stamp(out_.extent.width() / 2, out_.extent.height() / 2);
  out_.psfnorm = point_source_norm(stamp);
  out_.galnorm = galaxy_norm(stamp, out_.full_wcs.cd(), options_.galaxy_norm_arcsec);
  if (!(out_.psfnorm > 0 && out_.galnorm > 0) || !std::isfinite(out_.psfnorm + out_.galnorm)) {
    log_.warning("{}: the PSF's norms are {} and {}", out_.name, out_.psfnorm, out_.galnorm);
    throw SkipCcd("the PSF is of no use");
  }
  std::vector<std::string> found = psf_disagreements(out_.psfnorm, out_.psf.fwhm_pixels(), out_.psf_fwhm,
                                                     input_.source.table, input_.source.row);
  const int radius = static_cast<int>(std::ceil(1.5 * out_.psf.fwhm_pixels())) + 2;
  const int right = out_.extent.width() - 1, top = out_.extent.height() - 1;
  std::vector<StampShape> corners;
  if (!out_.psf.is_constant())
    for (const auto& [x, y] : {std::pair{0, 0}, {right, 0}, {0, top}, {right, top}})
      corners.push_back(stamp_shape(out_.psf.stamp(x, y), radius));
  try {
    for (std::string& fault :
         psf_faults(stamp_shape(stamp, radius), corners, out_.psf.fwhm_pixels(), out_.psf_fwhm))
      found.push_back(std::move(fault));
  } catch (Error& e) {
    if (!psf_file_.empty()) e.in_file(psf_file_.string());
    throw;
  }
  if (!found.empty()) log_.warning("{}: {}", out_.name, fmt::join(found, "; "));
}

std::string description(const CcdInput& input) {
  const CcdValues& v = input.source.values;
  return fmt::format("exposure {}, CCD {} ({})", v.expnum, v.ccdname_known() ? v.ccdname : "-",
                     v.image_filename);
}

}  // namespace

std::optional<CcdImage> read_ccd_image(const Camera& camera, const CcdInput& input,
                                       const ReadImageOptions& options, Log log) {
  try {
    return Reading(camera, input, options, log).run();
  } catch (const SkipCcd& skip) {
    if (options.required)
      throw input_error("it cannot be used: {}", skip.what())
          .while_doing(fmt::format("reading {}", description(input)));
    log.info("{}: not used: {}", description(input), skip.what());
    return std::nullopt;
  } catch (Error& e) {
    e.while_doing(fmt::format("reading {}", description(input)));
    throw;
  }
}

CcdImageMemory memory_of_ccd_image(const Box& extent) {
  if (extent.empty()) return {};
  // A plane's rows begin on 64-byte boundaries, and may be one such line longer than that takes (Image).
  const auto plane = [&](std::int64_t bytes_per_pixel) {
    return ((extent.width() * bytes_per_pixel + 63) / 64 + 1) * 64 * extent.height();
  };
  constexpr std::int64_t kPsf = 256 * 1024;  // six planes of 63 x 63 floats, WCS, texts and slack
  CcdImageMemory memory;
  memory.kept = 2 * plane(sizeof(float)) + plane(sizeof(std::uint16_t)) + kPsf;
  // When the mask is made: the pixels, the codes twice (a plugin gets a copy), the mask twice, and the flags
  // of neighbourhoods.
  memory.reading = plane(sizeof(float)) + 2 * plane(sizeof(std::int32_t)) + 2 * plane(sizeof(std::uint16_t)) +
                   3 * plane(1) + kPsf;
  return memory;
}

}  // namespace brickline
