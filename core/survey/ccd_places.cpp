#include "core/survey/ccd_places.h"

#include <algorithm>
#include <span>

#include "core/wcs/polygon.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

// A row whose (ra, dec) is not the middle by its WCS: the outline about the former, since one of the two is wrong and the
// image's header will tell which. Empty where they agree.
Polygon outline_about_position(Polygon outline, const CcdGeometry& place, const Wcs& target) {
  constexpr double kAgree = 5. / 3600;  // degrees
  const SkyPosition middle = place.wcs_center();
  if (angular_separation(place.ra, place.dec, middle.ra, middle.dec) <= kAgree) return {};
  const auto here = target.sky_to_pixel(place.ra, place.dec),
             there = target.sky_to_pixel(middle.ra, middle.dec);
  if (!here || !there) return {};
  for (PixelPosition& p : outline) {
    p.x += here->x - there->x;
    p.y += here->y - there->y;
  }
  return outline;
}

}  // namespace

CcdPlaces::CcdPlaces(const CcdTable& ccds) : ccds_(ccds), places_(geometries(ccds.table())) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].fault()) continue;
    usable_.push_back(static_cast<std::int64_t>(i));
    // What nearness() reaches over, and that both middles of a usable row may differ by its radius and a little.
    constexpr double kFactor = 2.05, kSlack = 0.1;
    reach_degrees_ = std::max(reach_degrees_, kFactor * places_[i].radius() + kSlack);
  }
  std::ranges::stable_sort(usable_, {},
                           [&](std::int64_t i) { return places_[static_cast<std::size_t>(i)].dec; });
}

std::vector<std::int64_t> CcdPlaces::touching(const Wcs& target) const {
  const Polygon target_outline = image_outline(target.width(), target.height());
  const SkyPosition centre = target.center();
  const double radius = target.radius_degrees();
  const auto dec_of = [&](std::int64_t i) { return places_[static_cast<std::size_t>(i)].dec; };
  const auto begin = std::ranges::lower_bound(usable_, centre.dec - radius - reach_degrees_, {}, dec_of),
             end = std::ranges::upper_bound(usable_, centre.dec + radius + reach_degrees_, {}, dec_of);
  std::vector<std::int64_t> found;
  for (const std::int64_t i : std::span(begin, end)) {
    const CcdGeometry& place = places_[static_cast<std::size_t>(i)];
    const Nearness near = nearness(place, centre, radius);
    if (near != Nearness::kNear && near != Nearness::kUnclear) continue;
    const CcdRow row = ccds_.row(i);
    const Wcs wcs = row.approximate_wcs();
    Polygon outline;
    for (const PixelPosition& p : image_outline(row.width, row.height)) {
      const SkyPosition s = wcs.pixel_to_sky(p.x, p.y);
      if (const auto q = target.sky_to_pixel(s.ra, s.dec)) outline.push_back(*q);
    }
    if (polygons_intersect(target_outline, outline) ||
        polygons_intersect(target_outline, outline_about_position(outline, place, target)))
      found.push_back(i);
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace brickline
