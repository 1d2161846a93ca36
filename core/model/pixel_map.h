// The sky near one source as an image sees it: a linear map, good to 1e-5 pixel within some ten arcsec.
#pragma once

#include <array>

#include "core/wcs/wcs.h"

namespace brickline {

// Pixels (0-based) of positions near (ra, dec):
//   (x, y)(ra', dec') = (x, y) + J ((ra' - ra) cos(dec), dec' - dec),   J in pixels per degree, row-major.
struct PixelMap {
  double ra = 0, dec = 0;
  double x = 0, y = 0;
  std::array<double, 4> jacobian{};

  // Exact at (ra, dec), linear with the inverse of `cd` around it.
  static PixelMap linear(double ra, double dec, double x, double y, const CdMatrix& cd);

  PixelPosition pixel(double ra_degrees, double dec_degrees) const;
};

// The inverse of a CD matrix, pixels per degree; all NaN when it is singular.
std::array<double, 4> inverse(const CdMatrix& cd);

// The map at (ra, dec) with the local derivatives of the full projection. A position that the projection cannot
// show gives a map whose pixels are NaN; nothing is rendered there.
PixelMap local_pixel_map(const Wcs& wcs, double ra, double dec);

}  // namespace brickline
