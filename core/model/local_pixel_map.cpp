#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "core/model/pixel_map.h"

namespace brickline {

PixelMap local_pixel_map(const Wcs& wcs, double ra, double dec) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double step = 1.0 / 3600;  // degrees: small against the projection's curvature, large against rounding
  PixelMap map{ra, dec, nan, nan, {nan, nan, nan, nan}};
  // Differences are taken along a pair of positions that never crosses the pole.
  const double north = dec > 0 ? -step : step;
  const double cosine = std::max(1e-9, std::cos(dec * std::numbers::pi / 180));
  const auto centre = wcs.sky_to_pixel(ra, dec);
  const auto east_up = wcs.sky_to_pixel(ra + step / cosine / 2, dec);
  const auto east_down = wcs.sky_to_pixel(ra - step / cosine / 2, dec);
  const auto north_near = wcs.sky_to_pixel(ra, dec + north);
  const auto north_far = wcs.sky_to_pixel(ra, dec - north);
  if (!centre || !east_up || !east_down || !north_near) return map;
  map.x = centre->x;
  map.y = centre->y;
  map.jacobian[0] = (east_up->x - east_down->x) / step;
  map.jacobian[2] = (east_up->y - east_down->y) / step;
  if (north_far && std::abs(dec - north) < 90) {
    map.jacobian[1] = (north_near->x - north_far->x) / (2 * north);
    map.jacobian[3] = (north_near->y - north_far->y) / (2 * north);
  } else {
    map.jacobian[1] = (north_near->x - centre->x) / north;
    map.jacobian[3] = (north_near->y - centre->y) / north;
  }
  return map;
}

}  // namespace brickline
