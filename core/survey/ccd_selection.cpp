#include "core/survey/ccd_selection.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/base/error.h"
#include "core/survey/ccd_table_geometry.h"
#include "core/wcs/polygon.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

void require_usable(const CcdTable& ccds, const CcdRow& r) {
  const auto fail = [&](std::string_view what, const auto& value) {
    return input_error("{}: {} is {}", ccds.describe(r.table_row), what, value);
  };
  if (r.camera.empty()) throw fail("camera", "empty");
  if (r.image_filename.empty()) throw fail("image_filename", "empty");
  if (!std::isfinite(r.ccdzpt)) throw fail("the zero point ccdzpt", r.ccdzpt);
  if (!(r.psf_fwhm > 0) || !std::isfinite(r.psf_fwhm)) throw fail("fwhm", r.psf_fwhm);
  if (!(r.exptime > 0) || !std::isfinite(r.exptime)) throw fail("exptime", r.exptime);
  if (!std::isfinite(r.sig1) || r.sig1 < 0) throw fail("sig1", r.sig1);
  if (!std::isfinite(r.mjd_obs)) throw fail("mjd_obs", r.mjd_obs);
  if (!std::isfinite(r.ccdraoff)) throw fail("ccdraoff", r.ccdraoff);
  if (!std::isfinite(r.ccddecoff)) throw fail("ccddecoff", r.ccddecoff);
  if (r.image_hdu < 0) throw fail("image_hdu", r.image_hdu);
}

// What a row must be for the run to want it.
struct Wish {
  std::string_view what;
  std::function<bool(const CcdRow&)> holds;
};

std::vector<Wish> wishes_of(const CcdSelectionOptions& options) {
  std::vector<Wish> wishes;
  wishes.push_back({"ccd_cuts is 0", [](const CcdRow& r) { return r.ccd_cuts == 0; }});
  wishes.push_back({"in the bands wanted", [&options](const CcdRow& r) {
                      return std::find(options.bands.begin(), options.bands.end(), r.band) !=
                             options.bands.end();
                    }});
  if (options.min_mjd)
    wishes.push_back({"not before the first date",
                      [first = *options.min_mjd](const CcdRow& r) { return r.mjd_obs >= first; }});
  if (options.max_mjd)
    wishes.push_back({"not after the last date",
                      [last = *options.max_mjd](const CcdRow& r) { return r.mjd_obs <= last; }});
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

}  // namespace

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
  const Polygon target_outline = image_outline(target.width(), target.height());
  const SkyPosition centre = target.center();
  const double radius = target.radius_degrees();
  const std::vector<CcdGeometry> places = geometries(ccds.table());
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Nearness near = nearness(places[i], centre, radius);
    if ((near != Nearness::kNear && near != Nearness::kUnclear) || places[i].fault()) continue;
    const CcdRow row = ccds.row(static_cast<std::int64_t>(i));
    const Wcs wcs = row.approximate_wcs();
    Polygon outline;
    for (const PixelPosition& p : image_outline(row.width, row.height)) {
      const SkyPosition s = wcs.pixel_to_sky(p.x, p.y);
      if (const auto q = target.sky_to_pixel(s.ra, s.dec)) outline.push_back(*q);
    }
    if (polygons_intersect(target_outline, outline)) found.push_back(static_cast<std::int64_t>(i));
  }
  return found;
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
  for (const Wish& wish : wishes_of(options)) {
    const std::size_t before = selection.ccds.size();
    std::erase_if(selection.ccds, [&](const CcdRow& r) { return !wish.holds(r); });
    if (selection.ccds.size() < before)
      log.info("{} of {} CCDs left: {}", selection.ccds.size(), before, wish.what);
  }
  if (selection.ccds.empty()) selection.nothing = "no photometric CCDs touching the brick";
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
