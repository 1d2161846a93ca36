#include "core/survey/ccd_selection.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/wcs/polygon.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

// A column of the table as numbers.
struct Columns {
  explicit Columns(const fits::Table& t)
      : ra(t.numbers("ra")),
        dec(t.numbers("dec")),
        width(t.numbers("width")),
        height(t.numbers("height")),
        cd1_1(t.numbers("cd1_1")),
        cd1_2(t.numbers("cd1_2")),
        cd2_1(t.numbers("cd2_1")),
        cd2_2(t.numbers("cd2_2")) {}
  std::vector<double> ra, dec, width, height, cd1_1, cd1_2, cd2_1, cd2_2;
};

double largest_radius(const Columns& c) {
  double largest = 0;
  for (std::size_t i = 0; i < c.ra.size(); ++i) {
    const double scale = std::sqrt(std::abs(c.cd1_1[i] * c.cd2_2[i] - c.cd1_2[i] * c.cd2_1[i]));
    const double radius = scale * std::hypot(c.width[i], c.height[i]) / 2;
    if (std::isfinite(radius)) largest = std::max(largest, radius);
  }
  return largest;
}

bool is_invertible(const CdMatrix& cd) {
  const double det = cd[0] * cd[3] - cd[1] * cd[2];
  return std::isfinite(det) && det != 0;
}

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

}  // namespace

double largest_ccd_radius(const CcdTable& ccds) {
  return ccds.rows() ? largest_radius(Columns(ccds.table())) : 0;
}

std::vector<std::int64_t> ccds_near(const CcdTable& ccds, const Wcs& target) {
  std::vector<std::int64_t> found;
  if (ccds.rows() == 0) return found;
  const Columns c(ccds.table());
  const double reach = target.radius_degrees() + largest_radius(c);
  const SkyPosition centre = target.center();
  for (std::size_t i = 0; i < c.ra.size(); ++i)
    if (std::abs(c.dec[i] - centre.dec) < reach &&
        angular_separation(c.ra[i], c.dec[i], centre.ra, centre.dec) < reach)
      found.push_back(static_cast<std::int64_t>(i));
  return ccds.in_search_order(std::move(found), centre, reach);
}

std::vector<std::int64_t> ccds_touching(const CcdTable& ccds, const Wcs& target) {
  const Polygon target_outline = image_outline(target.width(), target.height());
  std::vector<std::int64_t> found;
  for (const std::int64_t i : ccds_near(ccds, target)) {
    const CcdRow row = ccds.row(i);
    if (row.width < 1 || row.height < 1 || !is_invertible(row.cd)) continue;
    const Wcs wcs = row.approximate_wcs();
    Polygon outline;
    for (const PixelPosition& p : image_outline(row.width, row.height)) {
      const SkyPosition s = wcs.pixel_to_sky(p.x, p.y);
      if (const auto q = target.sky_to_pixel(s.ra, s.dec)) outline.push_back(*q);
    }
    if (polygons_intersect(target_outline, outline)) found.push_back(i);
  }
  return found;
}

CcdSelection select_ccds(const CcdTable& ccds, const Wcs& target, const CcdSelectionOptions& options,
                         const Log& log) {
  CcdSelection selection;
  selection.ccds = ccds.rows_of(ccds_touching(ccds, target));
  if (selection.ccds.empty()) {
    selection.nothing = "no CCDs touching the brick";
    return selection;
  }
  const auto keep = [&](std::string_view why, const auto& condition) {
    const std::size_t before = selection.ccds.size();
    std::erase_if(selection.ccds, [&](const CcdRow& r) { return !condition(r); });
    if (selection.ccds.size() < before)
      log.info("{} of {} CCDs left: {}", selection.ccds.size(), before, why);
  };
  keep("ccd_cuts is 0", [](const CcdRow& r) { return r.ccd_cuts == 0; });
  keep("in the bands wanted", [&](const CcdRow& r) {
    return std::find(options.bands.begin(), options.bands.end(), r.band) != options.bands.end();
  });
  if (options.min_mjd)
    keep("not before the first date", [&](const CcdRow& r) { return r.mjd_obs >= *options.min_mjd; });
  if (options.max_mjd)
    keep("not after the last date", [&](const CcdRow& r) { return r.mjd_obs <= *options.max_mjd; });
  if (selection.ccds.empty()) selection.nothing = "no photometric CCDs touching the brick";
  for (const CcdRow& r : selection.ccds) require_usable(ccds, r);
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
