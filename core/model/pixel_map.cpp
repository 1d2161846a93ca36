#include "core/model/pixel_map.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace brickline {
namespace {

double cos_degrees(double angle) { return std::cos(angle * std::numbers::pi / 180); }

}  // namespace

std::array<double, 4> inverse(const CdMatrix& cd) {
  const double det = cd[0] * cd[3] - cd[1] * cd[2];
  if (!(std::abs(det) > 0) || !std::isfinite(det)) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    return {nan, nan, nan, nan};
  }
  return {cd[3] / det, -cd[1] / det, -cd[2] / det, cd[0] / det};
}

PixelMap PixelMap::linear(double ra, double dec, double x, double y, const CdMatrix& cd) {
  return {ra, dec, x, y, inverse(cd)};
}

PixelPosition PixelMap::pixel(double ra_degrees, double dec_degrees) const {
  const double east = std::remainder(ra_degrees - ra, 360.0) * cos_degrees(dec), north = dec_degrees - dec;
  return {x + jacobian[0] * east + jacobian[1] * north, y + jacobian[2] * east + jacobian[3] * north};
}

}  // namespace brickline
