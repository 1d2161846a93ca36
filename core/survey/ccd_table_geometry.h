// Where a CCD lies by its row of the CCD table, judged before anything is believed of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fits/table.h"
#include "core/wcs/wcs.h"

namespace brickline {

// The columns that say where a CCD lies, as numbers that may be anything.
struct CcdGeometry {
  double ra = 0, dec = 0;         // of the middle, degrees
  double width = 0, height = 0;   // pixels
  double crpix1 = 0, crpix2 = 0;  // 1-based
  double crval1 = 0, crval2 = 0;  // degrees
  CdMatrix cd{};                  // degrees per pixel

  // Half the diagonal, degrees, by the constant pixel scale.
  double radius() const;
  // The middle by the WCS; of use where the WCS is.
  SkyPosition wcs_center() const;
  // What makes it unusable ("width is nan"); empty: nothing does. A row is unusable too where (ra, dec) lies
  // farther from the middle by its own WCS than the CCD is large (and the distortions that the table's linear
  // WCS leaves out can be): one of the two is wrong.
  std::optional<std::string> fault() const;
};

// Whether a row belongs to a search for CCDs within `radius` degrees of a position.
enum class Nearness {
  kFar,
  kNear,     // its outline may reach into the circle
  kUnclear,  // near by what can be read of a row that is unusable
  kUnknown,  // unusable, and not known to be near
};
Nearness nearness(const CcdGeometry& ccd, const SkyPosition& centre, double radius);

// How far from the circle the position of an unusable row may be and still count as near, degrees: the
// half-diagonal of the widest cameras' CCDs.
inline constexpr double kUnclearReach = 0.5;

// The names of those columns.
const std::vector<std::string>& geometry_columns();
// Of every row of a table that has them.
std::vector<CcdGeometry> geometries(const fits::Table& table);

}  // namespace brickline
