#include "core/survey/ccd_selection.h"

#include <fmt/ranges.h>
#include <strings.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/base/error.h"
#include "core/survey/bits.h"
#include "core/survey/ccd_places.h"
#include "core/wcs/polygon.h"

namespace brickline {
namespace {

template <typename T>
Error fault_of(const CcdTable& ccds, const CcdRow& r, std::string_view what, const T& value) {
  return input_error("{}: {} is {}", ccds.describe(r.table_row), what, value);
}

void require_usable(const CcdTable& ccds, const CcdRow& r) {
  const auto fail = [&](std::string_view what, const auto& value) { return fault_of(ccds, r, what, value); };
  if (r.camera.empty()) throw fail("camera", "empty");
  if (r.image_filename.empty()) throw fail("image_filename", "empty");
  if (!std::isfinite(r.ccdzpt)) throw fail("the zero point ccdzpt", r.ccdzpt);
  if (!(r.psf_fwhm > 0) || !std::isfinite(r.psf_fwhm)) throw fail("fwhm", r.psf_fwhm);
  if (!(r.exptime > 0) || !std::isfinite(r.exptime)) throw fail("exptime", r.exptime);
  if (!std::isfinite(r.sig1) || r.sig1 < 0) throw fail("sig1", r.sig1);
  require_place_and_time(ccds, r);
  if (r.image_hdu < 0) throw fail("image_hdu", r.image_hdu);
}

// What a row must be for the run to want it.
struct Wish {
  std::string_view what;
  std::function<bool(const CcdRow&)> holds;
  std::function<std::string(const CcdRow&)> otherwise;  // why a row is left out
};

std::vector<Wish> wishes_of(const CcdSelectionOptions& options) {
  std::vector<Wish> wishes;
  const auto on_day = [](std::string_view when) {
    return [when](const CcdRow& r) { return fmt::format("taken at MJD {:.5f}, {}", r.mjd_obs, when); };
  };
  wishes.push_back({"ccd_cuts is 0", [](const CcdRow& r) { return r.ccd_cuts == 0; },
                    [](const CcdRow& r) { return cuts_text(r.ccd_cuts); }});
  wishes.push_back({"in the bands wanted",
                    [&options](const CcdRow& r) {
                      return std::find(options.bands.begin(), options.bands.end(), r.band) !=
                             options.bands.end();
                    },
                    [](const CcdRow& r) { return fmt::format("the band {} is not wanted", r.band); }});
  if (options.min_mjd)
    wishes.push_back({"not before the first date",
                      [first = *options.min_mjd](const CcdRow& r) { return r.mjd_obs >= first; },
                      on_day("before the first date wanted")});
  if (options.max_mjd)
    wishes.push_back({"not after the last date",
                      [last = *options.max_mjd](const CcdRow& r) { return r.mjd_obs <= last; },
                      on_day("after the last date wanted")});
  return wishes;
}

// Rows that the run would want, if only one knew whether they touch the target.
void require_clear_places(const CcdTable& ccds, const Wcs& target, const CcdSelectionOptions& options,
                          const Log& log) {
  const std::vector<Wish> wishes = wishes_of(options);
  const std::vector<CcdGeometry> places = geometries(ccds.table());
  std::int64_t unknown = 0;
  std::string first;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Nearness near = nearness(places[i], target.center(), target.radius_degrees());
    if (near == Nearness::kFar) continue;
    const std::optional<std::string> fault = places[i].fault();
    if (!fault) continue;
    const auto number = static_cast<std::int64_t>(i);
    const CcdRow row = ccds.row(number);
    if (!std::all_of(wishes.begin(), wishes.end(), [&](const Wish& wish) { return wish.holds(row); }))
      continue;
    if (near != Nearness::kUnknown) throw input_error("{}: {}", ccds.describe(number), *fault);
    if (unknown++ == 0) first = fmt::format("{}: {}", ccds.describe(number), *fault);
  }
  if (unknown > 0)
    log.warning("{} CCDs whose rows are unusable, and not known to be near, are left out (the first: {})",
                unknown, first);
}

// The band of `wanted` that differs from `band` in case alone; empty: none, or it is wanted as it is.
std::string alike(const std::string& band, const std::vector<std::string>& wanted) {
  std::string found;
  for (const std::string& other : wanted) {
    if (other == band) return {};
    if (strcasecmp(other.c_str(), band.c_str()) == 0) found = other;
  }
  return found;
}

// "grz" for "g,r,z" would be the name of a band that no CCD has: refused where each of its letters is a band here.
void require_separate_bands(const std::vector<std::string>& wanted, const std::vector<CcdRow>& ccds) {
  const auto is_band = [&](std::string_view name) {
    return std::ranges::any_of(ccds, [&](const CcdRow& r) { return r.band == name; });
  };
  for (const std::string& band : wanted) {
    if (band.size() < 2 || is_band(band)) continue;
    if (std::ranges::all_of(band, [&](char letter) { return is_band(std::string_view(&letter, 1)); }))
      throw usage_error("no CCD touching the brick has the band '{}'; between bands there are commas: {}",
                        band, fmt::join(band.begin(), band.end(), ","));
  }
}

}  // namespace

void require_place_and_time(const CcdTable& ccds, const CcdRow& r) {
  const auto fail = [&](std::string_view what, const auto& value) { return fault_of(ccds, r, what, value); };
  if (!std::isfinite(r.mjd_obs)) throw fail("mjd_obs", r.mjd_obs);
  constexpr double kLastMjd = 100000;  // the year 2132; a Julian date has 2400000.5 days more
  if (r.mjd_obs > kLastMjd) throw fail("mjd_obs", fmt::format("{}, which is no MJD", r.mjd_obs));
  if (!std::isfinite(r.ccdraoff)) throw fail("ccdraoff", r.ccdraoff);
  if (!std::isfinite(r.ccddecoff)) throw fail("ccddecoff", r.ccddecoff);
  constexpr double kLargestOffset = 60;  // arcsec; corrections are a fraction of one
  if (const double offset = std::hypot(r.ccdraoff, r.ccddecoff); offset > kLargestOffset)
    throw fail("the astrometric offset (ccdraoff, ccddecoff)", fmt::format("{:.4g} arcsec", offset));
}

std::int64_t pixels_to_read(const CcdRow& ccd, const Wcs& target) {
  const auto corners = target.corners();
  return extent_of_sky_polygon(ccd.approximate_wcs(), corners).area();
}

std::int64_t pixels_to_read(const std::vector<CcdRow>& ccds, const Wcs& target) {
  std::int64_t pixels = 0;
  for (const CcdRow& ccd : ccds) pixels += pixels_to_read(ccd, target);
  return pixels;
}

std::vector<std::int64_t> ccds_touching(const CcdTable& ccds, const Wcs& target) {
  return CcdPlaces(ccds).touching(target);
}

CcdLeftOut left_out(const CcdRow& ccd, std::string reason) {
  return {ccd.name(), ccd.camera, ccd.band, ccd.image_filename, std::move(reason)};
}

std::string cuts_text(std::int64_t ccd_cuts) {
  static constexpr std::pair<std::int32_t, std::string_view> kMeanings[] = {
      {ccdcut::kErrLegacyzpts, "the cuts have not been worked out"},
      {ccdcut::kNotGrz, "not of the bands g, r, z"},
      {ccdcut::kNotThirdPix, "not of every third pixel"},
      {ccdcut::kExptime, "the exposure is too short"},
      {ccdcut::kCcdnmatch, "too few stars for its zero point"},
      {ccdcut::kZptDiffAvg, "its zero point differs from that of its exposure"},
      {ccdcut::kZptSmall, "the zero point is too small"},
      {ccdcut::kZptLarge, "the zero point is too large"},
      {ccdcut::kSkyIsBright, "the sky is too bright"},
      {ccdcut::kBadexpFile, "its exposure is listed as bad"},
      {ccdcut::kPhrms, "the photometry scatters too much"},
      {ccdcut::kRadecrms, "the astrometry scatters too much"},
      {ccdcut::kSeeingBad, "the seeing is bad"},
      {ccdcut::kEarlyData, "taken in the instrument's early days"},
      {ccdcut::kDepthCut, "not needed for the depth"},
      {ccdcut::kTooManyBadCcds, "too many CCDs of its exposure are bad"},
      {ccdcut::kFlaggedInDes, "flagged by another survey"},
      {ccdcut::kPhrmsS7, "the photometry scatters too much for this CCD"},
      {ccdcut::kDepthCut2, "not needed for the depth (second cut)"},
      {ccdcut::kPlver, "reduced by a version that is not wanted"}};
  std::string text;
  std::int64_t rest = ccd_cuts;
  const auto add = [&](std::string_view words) { text += (text.empty() ? "" : "; ") + std::string(words); };
  for (const auto& [bit, meaning] : kMeanings)
    if (ccd_cuts & bit) {
      add(meaning);
      rest &= ~std::int64_t{bit};
    }
  if (rest != 0) add(fmt::format("bits {:#x}", rest));
  return fmt::format("ccd_cuts {}: {}", ccd_cuts, text);
}

CcdSelection select_ccds(const CcdTable& ccds, const Wcs& target, const CcdSelectionOptions& options,
                         const Log& log) {
  require_clear_places(ccds, target, options, log);
  CcdSelection selection;
  selection.ccds = ccds.rows_of(ccds_touching(ccds, target));
  if (selection.ccds.empty()) {
    selection.nothing = "no CCDs touching the brick";
    return selection;
  }
  // A band that is not wanted is no fault; none at all would leave the CCD out without a word.
  for (const CcdRow& r : selection.ccds) {
    if (r.ccd_cuts != 0) continue;
    if (r.band.empty())
      throw input_error("{}: its band (column filter) is empty", ccds.describe(r.table_row));
    const std::string word = r.band.substr(0, r.band.find(' '));
    if (word.size() < r.band.size() && std::ranges::any_of(options.bands, [&](const std::string& band) {
          return strcasecmp(band.c_str(), word.c_str()) == 0;
        }))
      throw input_error(
          "{}: its band (column filter) is '{}', the name of a filter and not of a band, such as '{}'",
          ccds.describe(r.table_row), r.band, word);
    if (const std::string meant = alike(r.band, options.bands); !meant.empty())
      selection.misspelt.push_back({r, meant, ccds.describe(r.table_row)});
  }
  require_separate_bands(options.bands, selection.ccds);
  for (const Wish& wish : wishes_of(options)) {
    const std::size_t before = selection.ccds.size();
    for (const CcdRow& r : selection.ccds)
      if (!wish.holds(r)) selection.left_out.push_back(left_out(r, wish.otherwise(r)));
    std::erase_if(selection.ccds, [&](const CcdRow& r) { return !wish.holds(r); });
    if (selection.ccds.size() < before)
      log.info("{} of {} CCDs left: {}", selection.ccds.size(), before, wish.what);
  }
  if (selection.ccds.empty())
    selection.nothing = fmt::format("no photometric CCDs touching the brick ({} left out, the first {}: {})",
                                    selection.left_out.size(), selection.left_out.front().name,
                                    selection.left_out.front().reason);
  for (const CcdRow& r : selection.ccds) require_usable(ccds, r);
  selection.pixels = pixels_to_read(selection.ccds, target);
  if (!selection.ccds.empty())
    log.info("{} CCDs are wanted; {:.1f} million pixels will be read, which take {:.0f} MB as images",
             selection.ccds.size(), 1e-6 * static_cast<double>(selection.pixels),
             1e-6 * static_cast<double>(selection.pixels * kImageBytesPerPixel));
  return selection;
}

std::vector<std::string> bands_present(const std::vector<std::string>& wanted,
                                       const std::vector<CcdRow>& ccds) {
  std::vector<std::string> present;
  for (const std::string& band : wanted)
    if (std::any_of(ccds.begin(), ccds.end(), [&](const CcdRow& r) { return r.band == band; }))
      present.push_back(band);
  return present;
}

}  // namespace brickline
