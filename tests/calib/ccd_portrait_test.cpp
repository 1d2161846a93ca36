// What the page of calibrations tells of a CCD, where it is known beforehand.
#include "core/calib/ccd_portrait.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

namespace brickline {
namespace {

constexpr double kDegree = 3.14159265358979 / 180;

Image<float> gaussian(int size, double a, double b, double angle) {
  Image<float> out(size, size);
  const double c = std::cos(angle * kDegree), s = std::sin(angle * kDegree);
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) {
      const double dx = x - size / 2, dy = y - size / 2, u = c * dx + s * dy, v = c * dy - s * dx;
      out(x, y) = static_cast<float>(std::exp(-(u * u / (a * a) + v * v / (b * b)) / 2));
    }
  return out;
}

TEST(Shape, OfAGaussianIsItsAxes) {
  for (const double angle : {0., 30., -75.}) {
    const PsfShape shape = shape_of(gaussian(41, 2.5, 2, angle));
    EXPECT_NEAR(shape.fwhm_pixels, 2.3548 * std::sqrt(2.5 * 2), 0.05);
    EXPECT_NEAR(shape.ellipticity, 0.2, 0.005);
    EXPECT_NEAR(shape.angle_degrees, angle, 1);
  }
  EXPECT_NEAR(shape_of(gaussian(41, 2, 2, 0)).ellipticity, 0, 0.005);
  EXPECT_TRUE(std::isnan(shape_of(Image<float>(15, 15)).fwhm_pixels));
}

TEST(Portrait, TellsNoiseThatTheWeightsDoNotKnowOfAndSkyThatTheModelLeaves) {
  const int w = 1600, h = 160;
  std::mt19937 engine(1);
  std::normal_distribution<float> normal(0, 3);
  Image<float> pixels(w, h), flat(w, h, 200);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) pixels(x, y) = 200 + normal(engine);
  Image<float> error(w, h, 1 / 3.f);
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 20; ++x) error(x, y) = 0;
  CcdPortrait right;
  portray_sky(pixels, error, flat, right);
  EXPECT_EQ(right.bin, 13);
  EXPECT_NEAR(right.noise_over_weights, 1, 0.02);
  EXPECT_NEAR(right.residual_excess, 1, 0.1);
  EXPECT_NEAR(std::accumulate(right.pulls.begin(), right.pulls.end(), 0.) * 0.2, 1, 1e-3);
  EXPECT_TRUE(std::isnan(right.residual(0, 0)));

  const Image<float> too_sure(w, h, 1 / 2.5f);
  CcdPortrait noisy;
  portray_sky(pixels, too_sure, flat, noisy);
  EXPECT_NEAR(noisy.noise_over_weights, 1.2, 0.03);

  Image<float> tilted(w, h);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) tilted(x, y) = 200 + 0.0004f * static_cast<float>(x - w / 2);
  CcdPortrait left;
  portray_sky(pixels, error, tilted, left);
  EXPECT_GT(left.residual_excess, right.residual_excess + 0.1);
  EXPECT_NEAR(left.sky(99, 10), 200 + 0.0004 * (99 * 13 + 6 - w / 2), 0.001);

  // Smaller pictures of the same.
  CcdPortrait small = left;
  small.stamps = {gaussian(41, 2, 2, 0)};
  reduce(small, {48, 8});
  EXPECT_EQ(small.bin, 3 * left.bin);
  EXPECT_EQ(small.sky.width(), 42);
  EXPECT_NEAR(small.sky(33, 1), left.sky(100, 4), 1e-4);
  EXPECT_EQ(small.residual_excess, left.residual_excess);
  EXPECT_EQ(small.stamps[0].width(), 17);
  EXPECT_EQ(small.stamps[0](8, 8), 1);
  reduce(small, {0, 0});
  EXPECT_TRUE(small.sky.empty() && small.stamps.empty());
}

}  // namespace
}  // namespace brickline
