#include "core/coadd/aperture.h"

#include <gtest/gtest.h>

#include <cmath>

namespace brickline {
namespace {

// Value 10 row + column, sigma 2.
struct Ramp {
  Image<float> image{10, 10}, weight{10, 10, 0.25f};
  Ramp() {
    for (int y = 0; y < 10; ++y)
      for (int x = 0; x < 10; ++x) image(x, y) = static_cast<float>(10 * y + x);
  }
  ApertureSums at(double x, double y, double r) const {
    return aperture_sums(image.view(), weight.view(), x, y, r);
  }
};

TEST(Aperture, OverlapOfCircleAndBoxIsExact) {
  const double r = 1.2;
  // Quarter, half and whole discs; a box inside; a box beyond.
  EXPECT_NEAR(circle_box_overlap(0, 0, 9, 9, r), M_PI * r * r / 4, 1e-14);
  EXPECT_NEAR(circle_box_overlap(-9, 0, 9, 9, r), M_PI * r * r / 2, 1e-14);
  EXPECT_NEAR(circle_box_overlap(-9, -9, 9, 9, r), M_PI * r * r, 1e-14);
  EXPECT_NEAR(circle_box_overlap(-0.5, -0.5, 0.5, 0.5, r), 1, 1e-14);
  EXPECT_EQ(circle_box_overlap(1, 1, 2, 2, r), 0);
  // A cap: the area beyond the chord at distance h.
  const double h = 0.7;
  EXPECT_NEAR(circle_box_overlap(h, -9, 9, 9, r), r * r * std::acos(h / r) - h * std::sqrt(r * r - h * h),
              1e-14);
  // Boxes that tile the plane share the disc among them.
  double sum = 0;
  for (int y = -3; y <= 3; ++y)
    for (int x = -3; x <= 3; ++x) sum += circle_box_overlap(x - 0.37, y - 0.81, x + 0.63, y + 0.19, r);
  EXPECT_NEAR(sum, M_PI * r * r, 1e-13);
}

TEST(Aperture, SumsOfARampAreTheReferencesOwn) {
  Ramp ramp;
  EXPECT_NEAR(ramp.at(5, 5, 1.2).flux, 248.81413816, 1e-7);
  const ApertureSums edge = ramp.at(-0.5, 3, 2);
  EXPECT_NEAR(edge.flux, 190.95229861, 1e-7);
  EXPECT_NEAR(std::sqrt(edge.variance), 5.01325655, 1e-7);
  EXPECT_NEAR(std::sqrt(ramp.at(3.2, 3.1, 1.7).variance), 6.02634309, 1e-7);
}

TEST(Aperture, MaskedPixelsCarryNoFluxAndNoVariance) {
  Ramp ramp;
  ramp.weight(5, 5) = 0;
  const ApertureSums s = ramp.at(5, 5, 1.2);
  EXPECT_NEAR(s.flux, 193.81413816, 1e-7);
  EXPECT_NEAR(std::sqrt(s.variance), 3.75440723, 1e-7);
  EXPECT_NEAR(s.masked / (M_PI * 1.2 * 1.2), 0.22104853, 1e-7);
  const ApertureSums inside = ramp.at(5, 5, 0.3);
  EXPECT_EQ(inside.flux, 0);
  EXPECT_EQ(inside.variance, 0);
  EXPECT_NEAR(inside.masked, M_PI * 0.09, 1e-14);
}

TEST(Aperture, BeyondTheImageThereIsNothing) {
  Ramp ramp;
  EXPECT_FALSE(ramp.at(-2.6, 3, 2).touches_image);
  EXPECT_FALSE(ramp.at(1e9, 3, 2).touches_image);
  EXPECT_FALSE(ramp.at(std::nan(""), 3, 2).touches_image);
  // Only the part on the image counts, neither as covered nor as masked.
  EXPECT_NEAR(ramp.at(-0.5, 5, 1).covered, M_PI / 2, 1e-12);
}

}  // namespace
}  // namespace brickline
