// Sums over circular apertures with exact areas of pixel and circle.
#pragma once

#include "core/base/image.h"

namespace brickline {

// The area that the circle of radius r around the origin shares with the box [x0, x1] x [y0, y1].
double circle_box_overlap(double x0, double y0, double x1, double y1, double r);

// f(x, y, area) for every pixel of a width x height image that the circle touches; pixels are unit squares
// around integer coordinates. False if there is none.
template <typename F>
bool for_each_aperture_pixel(int width, int height, double x, double y, double r, F&& f);

struct ApertureSums {
  bool touches_image = false;
  double flux = 0;      // sum of area * value over pixels with weight
  double variance = 0;  // sum of area / weight over them
  double masked = 0;    // sum of area over pixels without weight
  double covered = 0;   // sum of area over all pixels
};
// `weight`: inverse variances; pixels of weight 0 are masked.
ApertureSums aperture_sums(ImageView<const float> image, ImageView<const float> weight, double x, double y,
                           double r);
// The plain sum of area * value; 0 where the circle does not touch the image.
double aperture_sum(ImageView<const float> image, double x, double y, double r);

// ---- implementation ----

template <typename F>
bool for_each_aperture_pixel(int width, int height, double x, double y, double r, F&& f) {
  if (!(r > 0) || !(x == x) || !(y == y)) return false;
  bool any = false;
  const double lowest_x = x - r - 0.5, highest_x = x + r + 0.5, lowest_y = y - r - 0.5,
               highest_y = y + r + 0.5;
  if (highest_x < 0 || highest_y < 0 || lowest_x > width || lowest_y > height) return false;
  const int x0 = lowest_x < 0 ? 0 : static_cast<int>(lowest_x),
            y0 = lowest_y < 0 ? 0 : static_cast<int>(lowest_y);
  for (int iy = y0; iy < height && iy <= highest_y; ++iy)
    for (int ix = x0; ix < width && ix <= highest_x; ++ix) {
      const double area = circle_box_overlap(ix - 0.5 - x, iy - 0.5 - y, ix + 0.5 - x, iy + 0.5 - y, r);
      if (area <= 0) continue;
      f(ix, iy, area);
      any = true;
    }
  return any;
}

}  // namespace brickline
