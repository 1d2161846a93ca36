#include "core/image/row_agreement.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/base/error.h"
#include "core/base/letter_case.h"
#include "core/base/median.h"

namespace brickline {
namespace {

// What a header says of a field; a card that cannot be read says nothing but that, since the row is used.
template <typename Read>
auto said(Read&& read, std::vector<std::string>* unreadable = nullptr) -> decltype(read()) {
  try {
    return read();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kResources) throw;
    if (unreadable) unreadable->push_back(error.message());
    return {};
  }
}

std::optional<double> column(const fits::Table* table, std::int64_t row, const char* name) {
  if (!table || row < 0 || row >= table->rows() || !table->has(name)) return {};
  const auto value = said([&]() -> std::optional<double> { return table->number(name, row); });
  return value && std::isfinite(*value) ? value : std::nullopt;
}

bool is_ratio_within(double a, double b, double tolerance) {
  return b > 0 && std::abs(a / b - 1) <= tolerance;
}

bool is_band_of(const CameraFacts& facts, const std::string& band) {
  return std::find(facts.detector.bands.begin(), facts.detector.bands.end(), band) !=
         facts.detector.bands.end();
}

void compare_zero_point(const CameraFacts& facts, const CcdValues& row, const fits::Table* table,
                        std::int64_t number, const RowTolerance& tolerance, std::vector<std::string>& found) {
  if (!std::isfinite(row.ccdzpt)) return;
  const auto window = facts.quality.zero_point_window.find(row.band);
  if (window != facts.quality.zero_point_window.end() &&
      !(row.ccdzpt >= window->second[0] - tolerance.zero_point_below_mag &&
        row.ccdzpt <= window->second[1] + tolerance.zero_point_above_mag))
    throw input_error(
        "ccdzpt is {:.6g}, which is no zero point in magnitudes: good exposures have {:.6g} to {:.6g}",
        row.ccdzpt, window->second[0], window->second[1]);
  if (window != facts.quality.zero_point_window.end() &&
      !(row.ccdzpt >= window->second[0] && row.ccdzpt <= window->second[1]))
    found.push_back(fmt::format("the zero point ccdzpt is {:.6g} mag, good exposures have {:.6g} to {:.6g}",
                                row.ccdzpt, window->second[0], window->second[1]));
  if (const auto zpt = column(table, number, "zpt"))
    if (std::abs(*zpt - row.ccdzpt) > facts.quality.max_zero_point_difference_mag)
      found.push_back(fmt::format("the zero point is {:.6g} mag by ccdzpt, {:.6g} by zpt", row.ccdzpt, *zpt));
}

}  // namespace

std::optional<BandDisagreement> band_disagreement(const CameraFacts& facts, const CcdValues& row,
                                                  CcdHeaders& headers) {
  const auto band = said([&] { return text_of(facts.metadata.of("band"), row, headers); });
  if (!band || row.band.empty() || strcasecmp(band->c_str(), row.band.c_str()) == 0) return {};
  const bool known = is_band_of(facts, *band);
  return BandDisagreement{fmt::format("the band is {} by the header{}, {} by the CCD table", *band,
                                      known ? "" : " (none of the camera's)", row.band),
                          known};
}

std::vector<std::string> row_disagreements(const CameraFacts& facts, const CcdValues& row,
                                           const fits::Table* table, std::int64_t number,
                                           double ra_offset_arcsec, double dec_offset_arcsec,
                                           CcdHeaders& headers, const RowTolerance& tolerance) {
  std::vector<std::string> found;
  const auto number_in_header = [&](const char* field) {
    return said([&] { return number_of(facts.metadata.of(field), row, headers); }, &found);
  };
  const auto expnum = said([&] { return integer_of(facts.metadata.of("expnum"), row, headers); });
  if (expnum && row.expnum >= 0 && *expnum != row.expnum)
    found.push_back(
        fmt::format("the exposure number is {} by the header, {} by the CCD table", *expnum, row.expnum));
  const auto exptime = number_in_header("exptime");
  if (exptime && std::isfinite(row.exptime) && !is_ratio_within(*exptime, row.exptime, tolerance.exptime))
    found.push_back(fmt::format("the exposure lasts {:.6g} s by the header, {:.6g} by the CCD table",
                                *exptime, row.exptime));
  const auto mjd = number_in_header("mjd_obs");
  if (mjd && std::isfinite(row.mjd_obs) && !(std::abs(*mjd - row.mjd_obs) <= tolerance.mjd_days))
    found.push_back(
        fmt::format("the date (MJD) is {:.4f} by the header, {:.4f} by the CCD table", *mjd, row.mjd_obs));
  const auto fwhm = number_in_header("fwhm");
  if (fwhm && std::isfinite(row.psf_fwhm) && !is_ratio_within(*fwhm, row.psf_fwhm, tolerance.fwhm))
    found.push_back(fmt::format("the seeing is {:.4g} pixels by the header, {:.4g} by the CCD table{}", *fwhm,
                                row.psf_fwhm, *fwhm > 0 ? " (the header's counts)" : ""));
  compare_zero_point(facts, row, table, number, tolerance, found);
  const double offset = std::hypot(ra_offset_arcsec, dec_offset_arcsec);
  if (!(offset <= tolerance.largest_offset_arcsec))
    throw input_error(
        "the CCD table's astrometric offset (ccdraoff {:.4g}, ccddecoff {:.4g}) is no correction in arcsec: more than "
        "{:.3g}",
        ra_offset_arcsec, dec_offset_arcsec, tolerance.largest_offset_arcsec);
  if (!(offset <= tolerance.offset_arcsec))
    found.push_back(fmt::format("the astrometric offset (ccdraoff, ccddecoff) is {:.3g} arcsec", offset));
  return found;
}

std::optional<std::string> unit_disagreement(const PixelFacts& facts, const std::string& bunit) {
  std::string unit = lower_case(bunit);
  std::erase(unit, ' ');
  const auto says = [&](std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return unit.find(word) != std::string::npos; });
  };
  const bool per_second = says({"/s", "s-1", "s^-1", "s**-1", "persec"}) && !says({"/sr", "/sq"});
  if (says({"jy", "mag", "nmgy", "maggie", "maggy", "erg", "w/m", "/sr"}))
    return fmt::format(
        "BUNIT = '{}' is no unit of counts, which pixels are taken for: ccdzpt must be that of such "
        "pixels, over the exposure time",
        bunit);
  if (per_second && facts.unit == PixelFacts::Unit::kTotal)
    return fmt::format(
        "BUNIT = '{}' says counts per second, the camera's fact pixels.unit those of the whole "
        "exposure, which are taken",
        bunit);
  return {};
}

std::optional<std::string> noise_disagreement(const Image<float>& weight, double sigma,
                                              const RowTolerance& tolerance) {
  if (!(sigma > 0)) return {};
  // A sample will do.
  constexpr int kMostPerAxis = 256;
  const int step_x = weight.width() / kMostPerAxis + 1, step_y = weight.height() / kMostPerAxis + 1;
  std::vector<float> positive;
  for (int y = 0; y < weight.height(); y += step_y)
    for (int x = 0; x < weight.width(); x += step_x)
      if (weight(x, y) > 0) positive.push_back(weight(x, y));
  if (positive.empty()) return {};
  const double ratio = 1 / std::sqrt(static_cast<double>(median_in_place(positive))) / sigma;
  if (ratio >= tolerance.quieter && ratio <= tolerance.noisier) return {};
  if (!(ratio <= tolerance.noise_contradiction && ratio >= 1 / tolerance.noise_contradiction))
    throw input_error(
        "the noise by the weights is {:.3g} times that by the CCD table: sig1, ccdzpt or exptime of the table is wrong, or the "
        "camera's fact pixels.unit or weight.kind",
        ratio);
  return fmt::format(
      "the noise by the weights is {:.3g} times that by the CCD table (sig1 at its zero point and exposure)",
      ratio);
}

std::optional<std::string> sky_contradiction(const SkyLevel& level) {
  const double least = kImpossibleSky * level.noise;
  if (!(std::abs(level.left) > least)) return {};
  const double image = level.model + level.left;
  if (level.left < 0) {
    if (!(-level.left > kShareOfSky * level.model)) return {};
  } else {
    if (!level.by_table) return {};
    const double lacks = *level.by_table - level.model;
    if (!(lacks > std::max(least, kShareOfSky * std::abs(*level.by_table))) ||
        !(std::abs(image - *level.by_table) < lacks))
      return {};
  }
  return fmt::format(
      "the sky model is {:.4g} where the image is {:.4g} (medians; the noise per pixel is {:.3g}{}): it is none of this "
      "image, or in other units",
      level.model, image, level.noise,
      level.by_table ? fmt::format(", the CCD table's sky {:.4g}", *level.by_table) : "");
}

std::vector<std::string> psf_disagreements(double psfnorm, double model_fwhm, double header_fwhm,
                                           const fits::Table* table, std::int64_t number,
                                           const RowTolerance& tolerance) {
  std::vector<std::string> found;
  if (const auto norm = column(table, number, "psfnorm"); norm && *norm > 0)
    if (!is_ratio_within(psfnorm, *norm, tolerance.psf_norm))
      found.push_back(fmt::format("the PSF's norm is {:.4g}, by the CCD table {:.4g}", psfnorm, *norm));
  if (model_fwhm > 0 && header_fwhm > 0 &&
      (model_fwhm > tolerance.psf_width * header_fwhm || header_fwhm > tolerance.psf_width * model_fwhm))
    found.push_back(
        fmt::format("the PSF model's stars are {:.3g} pixels wide, those of the image {:.3g} by its header",
                    model_fwhm, header_fwhm));
  return found;
}

std::vector<std::string> psf_faults(const StampShape& at_centre, std::span<const StampShape> elsewhere,
                                    double stated_fwhm, double header_fwhm, const PsfTolerance& tolerance) {
  std::vector<std::string> found;
  const double ratio = at_centre.fwhm_pixels / stated_fwhm;
  if (!(ratio <= tolerance.contradiction && ratio >= 1 / tolerance.contradiction))
    throw input_error(
        "the PSF model's pixels make stars {:.3g} pixels wide, the model says {:.3g} (psf_fwhm): its sampling, its "
        "size or its polynomial cannot be as it says",
        at_centre.fwhm_pixels, stated_fwhm);
  const double to_header = stated_fwhm / header_fwhm;
  if (header_fwhm > 0 &&
      !(to_header <= tolerance.header_contradiction && to_header >= 1 / tolerance.header_contradiction))
    throw input_error(
        "the PSF model's stars are {:.3g} pixels wide, those of the image {:.3g} by its header (FWHM): one "
        "of them is wrong",
        stated_fwhm, header_fwhm);
  if (!(ratio <= tolerance.wider && ratio >= tolerance.narrower))
    found.push_back(fmt::format("the PSF model's pixels make stars {:.3g} pixels wide, the model says {:.3g}",
                                at_centre.fwhm_pixels, stated_fwhm));
  const double offset = std::hypot(at_centre.x_offset, at_centre.y_offset);
  if (!(offset <= tolerance.largest_offset_pixels))
    throw input_error(
        "the PSF model's light is {:.2f}, {:.2f} pixels from the middle of its pixels: stars would be moved",
        at_centre.x_offset, at_centre.y_offset);
  if (offset > tolerance.offset_pixels)
    found.push_back(
        fmt::format("the PSF model's light is {:.2f}, {:.2f} pixels from the middle of its pixels",
                    at_centre.x_offset, at_centre.y_offset));
  for (const StampShape& other : elsewhere) {
    const double change = other.fwhm_pixels / at_centre.fwhm_pixels;
    if (change <= tolerance.change && change >= 1 / tolerance.change) continue;
    found.push_back(
        fmt::format("the PSF model's stars are {:.3g} pixels wide in the middle and {:.3g} at a corner",
                    at_centre.fwhm_pixels, other.fwhm_pixels));
    break;
  }
  return found;
}

}  // namespace brickline
