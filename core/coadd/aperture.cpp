#include "core/coadd/aperture.h"

#include <algorithm>
#include <cmath>

namespace brickline {

namespace {

// The area of the disc of radius r that lies at X < t.
double area_left_of(double t, double r) {
  t = std::clamp(t, -r, r);
  return r * r * (M_PI / 2 + std::asin(t / r)) + t * std::sqrt(std::max(0.0, r * r - t * t));
}

// The area of the disc of radius r that lies at X < x and Y < y. With the corner (x, y) inside, its
// derivative to x is the height y + sqrt(r^2 - x^2) of the column; outside, at most one of the two edges cuts
// the disc.
double area_below_left(double x, double y, double r) {
  const double disc = M_PI * r * r;
  if (x * x + y * y < r * r) return (area_left_of(x, r) + area_left_of(y, r)) / 2 - disc / 4 + x * y;
  if (x <= 0 && y <= 0) return 0;
  if (x <= 0) return area_left_of(x, r);
  if (y <= 0) return area_left_of(y, r);
  return area_left_of(x, r) + area_left_of(y, r) - disc;
}

}  // namespace

double circle_box_overlap(double x0, double y0, double x1, double y1, double r) {
  const double far_x = std::max(std::abs(x0), std::abs(x1)), far_y = std::max(std::abs(y0), std::abs(y1));
  if (far_x * far_x + far_y * far_y <= r * r) return (x1 - x0) * (y1 - y0);
  const double near_x = x0 > 0 ? x0 : x1 < 0 ? -x1 : 0, near_y = y0 > 0 ? y0 : y1 < 0 ? -y1 : 0;
  if (near_x * near_x + near_y * near_y >= r * r) return 0;
  const double area = area_below_left(x1, y1, r) - area_below_left(x0, y1, r) - area_below_left(x1, y0, r) +
                      area_below_left(x0, y0, r);
  return std::clamp(area, 0.0, (x1 - x0) * (y1 - y0));
}

ApertureSums aperture_sums(ImageView<const float> image, ImageView<const float> weight, double x, double y,
                           double r) {
  ApertureSums sums;
  sums.touches_image =
      for_each_aperture_pixel(image.width(), image.height(), x, y, r, [&](int ix, int iy, double area) {
        sums.covered += area;
        const float w = weight(ix, iy);
        if (w > 0) {
          sums.flux += area * image(ix, iy);
          sums.variance += area / w;
        } else {
          sums.masked += area;
        }
      });
  return sums;
}

double aperture_sum(ImageView<const float> image, double x, double y, double r) {
  double sum = 0;
  for_each_aperture_pixel(image.width(), image.height(), x, y, r,
                          [&](int ix, int iy, double area) { sum += area * image(ix, iy); });
  return sum;
}

}  // namespace brickline
