#include "core/detect/reference_prior.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "core/model/sky_motion.h"

namespace brickline {
namespace {

DetectedSource source_of(const ReferenceObject& row, int index) {
  DetectedSource s;
  s.model = *row.model;
  s.x = row.x;
  s.y = row.y;
  s.ix = row.ibx;
  s.iy = row.iby;
  s.reference_row = index;
  s.reference.star = row.is_gaia || row.is_bright;
  s.reference.point_source = row.point_source;
  s.reference.large_galaxy = row.is_large_galaxy;
  s.reference.galaxy_fit = row.is_galaxy_fit;
  s.reference.frozen = row.freeze;
  s.needs_initial_flux = row.needs_initial_flux;
  return s;
}

// Pixels where stars stand in any of the images, each once.
std::vector<AvoidPoint> star_points(const ReferenceCatalog& catalog, std::span<const CcdImage> images,
                                    const Wcs& brick, double radius) {
  std::vector<AvoidPoint> out;
  std::set<std::pair<int, int>> taken;
  const auto add = [&](int x, int y) {
    if (taken.emplace(x, y).second) out.push_back({x, y, radius});
  };
  for (const ReferenceObject& row : catalog.rows) {
    if (!row.in_bounds || row.is_large_galaxy) continue;
    if (!(row.ref_epoch > 0)) {
      add(row.ibx, row.iby);
      continue;
    }
    for (const CcdImage& image : images) {
      const SkyPosition s = position_at(row.ra, row.dec, row.motion(), image.mjd_tai);
      const auto p = brick.sky_to_pixel(s.ra, s.dec);
      if (p) add(static_cast<int>(std::nearbyint(p->x)), static_cast<int>(std::nearbyint(p->y)));
    }
  }
  return out;
}

}  // namespace

ReferencePrior reference_prior(const ReferenceCatalog& catalog, std::span<const CcdImage> images,
                               const Wcs& brick, double avoid_radius) {
  ReferencePrior out;
  for (std::size_t i = 0; i < catalog.rows.size(); ++i) {
    const ReferenceObject& row = catalog.rows[i];
    if (row.ignore || !row.model)
      out.set_aside.push_back(static_cast<int>(i));
    else
      out.prior.references.push_back(source_of(row, static_cast<int>(i)));
  }
  out.prior.avoid = star_points(catalog, images, brick, avoid_radius);
  for (const ReferenceObject& row : catalog.rows)
    if (row.in_bounds && row.is_large_galaxy) out.prior.avoid.push_back({row.ibx, row.iby, avoid_radius});
  const auto vetoes = [](const ReferenceObject& row) {
    return row.is_cluster || row.is_mcloud || row.freeze;
  };
  if (std::any_of(catalog.rows.begin(), catalog.rows.end(), vetoes))
    out.prior.veto = reference_mask(catalog.rows, brick, vetoes);
  return out;
}

}  // namespace brickline
