// A WCS near one position as a pixel and a matrix: what fitting one source needs of it.
#pragma once

#include <array>
#include <cmath>
#include <optional>

#include "core/wcs/wcs.h"

namespace brickline {

struct LocalLinearWcs {
  // Which derivative stands for the WCS: the header's constant CD, which shapes and scales use throughout the
  // pipeline, or the true local one (distortion and rotation of north included).
  enum class Jacobian { kConstantCd, kLocal };

  SkyPosition sky;      // where the approximation is made, degrees
  PixelPosition pixel;  // its pixel, 0-based
  // Pixels per degree of true angle: {dx/d(east), dx/d(north), dy/d(east), dy/d(north)}.
  std::array<double, 4> pixels_per_degree{};
  double cos_dec = 1;  // of `sky`

  // The pixel of a position close by.
  PixelPosition to_pixel(double ra, double dec) const {
    const double east = std::remainder(ra - sky.ra, 360.0) * cos_dec, north = dec - sky.dec;
    return {pixel.x + pixels_per_degree[0] * east + pixels_per_degree[1] * north,
            pixel.y + pixels_per_degree[2] * east + pixels_per_degree[3] * north};
  }
  // d(pixel)/d(RA) and d(pixel)/d(Dec), per degree of the coordinate.
  PixelPosition per_ra() const { return {pixels_per_degree[0] * cos_dec, pixels_per_degree[2] * cos_dec}; }
  PixelPosition per_dec() const { return {pixels_per_degree[1], pixels_per_degree[3]}; }
};

// Empty where the position cannot be projected.
std::optional<LocalLinearWcs> local_linear(
    const Wcs& wcs, double ra, double dec,
    LocalLinearWcs::Jacobian jacobian = LocalLinearWcs::Jacobian::kConstantCd);

}  // namespace brickline
