// Where a CCD is, and whether its files and its row of the table agree.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "core/base/error.h"
#include "core/image/ccd_reading.h"
#include "core/image/corrected_wcs.h"
#include "core/image/file_versions.h"
#include "core/image/row_agreement.h"
#include "core/survey/time.h"
#include "core/wcs/polygon.h"
#include "core/wcs/projection_cards.h"

namespace brickline {

void CcdReading::identify() {
  const CcdValues& v = values();
  static_cast<CcdValues&>(out_) = v;
  out_.ccd_row = input_.source.row;
  out_.name = ccd_image_name(facts_.files, v);
  out_.saturation_bits = facts_.mask.saturation_bits;
  out_.mjd_tai = mjd_tai(v.mjd_obs);

  const bool scaled = options_.nanomaggies || !std::isnan(v.ccdzpt);
  if (scaled) {
    if (!std::isfinite(v.ccdzpt)) throw input_error("the zero point (ccdzpt) is not a number");
    const double zero_point = effective_zero_point(facts_.pixels, v.ccdzpt, v.exptime);
    if (!std::isfinite(zero_point))
      throw input_error("there is no zero point from ccdzpt {} and an exposure of {} s", v.ccdzpt, v.exptime);
    out_.zpscale = std::pow(10, (zero_point - 22.5) / 2.5);
  }
  // Nanomaggies without a zero point say nothing of the pixels' noise.
  out_.sig1 = input_.sig1_from_weights || !scaled ? 0 : v.sig1;
  if (std::isnan(out_.sig1)) throw input_error("the noise per pixel (sig1) is not a number");
}

void CcdReading::check_versions() {
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

void CcdReading::locate() {
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
    if (const auto cards = corrected_wcs(input_.source, values(), facts_.wcs, options_.calibration_dirs))
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
void CcdReading::compare_with_table() {
  if (!input_.table_wcs) return;
  const std::optional<std::string> disagreement = wcs_disagreement(out_.full_wcs, *input_.table_wcs);
  if (!disagreement) {
    if (const auto small = wcs_disagreement(out_.full_wcs, *input_.table_wcs, kNoticeable))
      log_.warning("{}: {}; the header is used", out_.name, *small);
    return;
  }
  switch (options_.trust) {
    case CcdTrust::kNeither:
      throw input_error("{}: which one is right is for --trust-header or --trust-table to say", *disagreement)
          .in_file(ccd_.image_file().string(), std::to_string(ccd_.image_hdu()));
    case CcdTrust::kHeader:
      log_.warning("{}: {}; the header is trusted", out_.name, *disagreement);
      return;
    case CcdTrust::kTable:
      log_.warning("{}: {}; the table is trusted", out_.name, *disagreement);
      out_.full_wcs = input_.table_wcs->linear;
      return;
  }
}

void CcdReading::compare_with_nominal_scale() {
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
void CcdReading::compare_with_companions() {
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
void CcdReading::compare_with_row() {
  const CcdSource& source = input_.source;
  if (!source.table || source.row < 0) return;
  if (const auto band = band_disagreement(facts_, source.values, ccd_.headers())) {
    if (band->is_known && options_.trust != CcdTrust::kTable)
      throw input_error(
          "{}: if the table is right, --trust-table says so (and believes the table's world coordinates, too, wherever "
          "they disagree)",
          band->text)
          .in_file(ccd_.image_file().string(), std::to_string(ccd_.image_hdu()));
    log_.warning("{}: {}; the table is {}", out_.name, band->text, band->is_known ? "trusted" : "used");
  }
  constexpr double kArcsec = 3600;
  RowTolerance tolerance;
  // Whoever does not use the zero point or the offset may be about to make them, or need the CCD although it has none.
  if (!options_.nanomaggies)
    tolerance.zero_point_below_mag = tolerance.zero_point_above_mag = std::numeric_limits<double>::infinity();
  if (!options_.nanomaggies || !facts_.wcs.offset)
    tolerance.largest_offset_arcsec = std::numeric_limits<double>::infinity();
  const std::vector<std::string> found =
      row_disagreements(facts_, source.values, source.table, source.row, input_.ra_offset * kArcsec,
                        input_.dec_offset * kArcsec, ccd_.headers(), tolerance);
  if (!found.empty()) log_.warning("{}: {}; the CCD table is used", out_.name, fmt::join(found, "; "));
  if (const auto unit = unit_disagreement(facts_.pixels, ccd_.image_header().text("BUNIT").value_or("")))
    log_.warning("{}: {}", out_.name, *unit);
}

}  // namespace brickline
