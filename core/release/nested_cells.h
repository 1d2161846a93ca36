// Cells of the sky: HEALPix pixels (Górski et al. 2005, ApJ 622, 759) in the nested scheme, of any order to 29.
//
// A cell of order k is one of 12 4^k; those of order k+1 in it are 4N ... 4N+3. Within its base pixel (face) a cell is at
// (x, y), x growing to the north-east, y to the north-west; the number interleaves their bits, x on the even places.
#pragma once

#include <cstdint>

#include "core/wcs/wcs.h"

namespace brickline {

inline constexpr int kDeepestOrder = 29;

// The cell of an order that holds a position (degrees; RA of any turn).
std::int64_t nested_cell(int order, double ra, double dec);

// A cell as a place on its face.
struct FaceCell {
  int face = 0;
  std::int64_t x = 0, y = 0;
};
FaceCell face_cell(int order, std::int64_t cell);
std::int64_t cell_number(int order, const FaceCell& cell);
// The position of the point (x, y) of a face, in units of the order's cells: whole numbers are corners, halves centres.
SkyPosition face_position(int order, int face, double x, double y);
SkyPosition cell_center(int order, std::int64_t cell);

// Square degrees.
double cell_area(int order);

}  // namespace brickline
