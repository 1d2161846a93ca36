#include "core/sky/sky_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"

namespace brickline {
namespace {

std::vector<double> grid_of(const std::vector<double>& xs, const std::vector<double>& ys, auto f) {
  std::vector<double> values;
  for (const double y : ys)
    for (const double x : xs) values.push_back(f(x, y));
  return values;
}

const std::vector<double> kX{-1, 255, 511, 767, 1023, 1279, 1535, 1791, 2047};
const std::vector<double> kY{-1, 100, 300, 302, 900, 1500, 2500, 4095};

// A not-a-knot cubic spline is the cubic itself where the data are one.
TEST(SplineSky, ReproducesCubicPolynomials) {
  const auto cubic = [](double x, double y) {
    const double u = x / 1000, v = y / 2000;
    return 300 + u - 2 * v + 0.7 * u * u * v + u * u * u - 1.3 * v * v * v * u * u * u;
  };
  const SkyModel sky = SkyModel::spline(kX, kY, grid_of(kX, kY, cubic));
  for (const double y : {-1.0, 17.25, 299.0, 301.0, 2000.5, 4095.0})
    for (const double x : {-1.0, 3.0, 600.125, 2046.0}) EXPECT_NEAR(sky(x, y), cubic(x, y), 1e-9);
}

TEST(SplineSky, LinearSplineInterpolatesBetweenNeighbours) {
  const SkyModel sky = SkyModel::spline({0, 10, 20}, {0, 4}, {1, 2, 5, 3, 4, 9}, 1);
  EXPECT_DOUBLE_EQ(sky(15, 0), 3.5);
  EXPECT_DOUBLE_EQ(sky(5, 2), (1 + 2 + 3 + 4) / 4.0);
  EXPECT_DOUBLE_EQ(sky(20, 4), 9);
}

// Degree 2 has its knots half-way between the data (FITPACK); parabolas come back exactly.
TEST(SplineSky, QuadraticSplineReproducesParabolas) {
  const auto parabola = [](double x, double y) { return 2 + x * x - 3 * y * y + x * y; };
  const std::vector<double> xs{0, 1, 2.5, 4, 5}, ys{0, 2, 3, 4};
  const SkyModel sky = SkyModel::spline(xs, ys, grid_of(xs, ys, parabola), 2);
  EXPECT_EQ(sky.x_axis().knots(), (std::vector<double>{0, 0, 0, 1.75, 3.25, 5, 5, 5}));
  EXPECT_NEAR(sky(3.3, 2.2), parabola(3.3, 2.2), 1e-12);
}

TEST(SplineSky, ContinuesWithTheEdgeValueOutsideTheGrid) {
  const SkyModel sky = SkyModel::spline(kX, kY, grid_of(kX, kY, [](double x, double y) { return x + y; }));
  EXPECT_DOUBLE_EQ(sky(9000, 9000), sky(2047, 4095));
  EXPECT_DOUBLE_EQ(sky(-5000, 700), sky(-1, 700));
}

TEST(SplineSky, RendersWhatItEvaluates) {
  const auto wavy = [](double x, double y) { return 1000 + 5 * std::sin(x / 200) * std::cos(y / 300); };
  const SkyModel sky = SkyModel::spline(kX, kY, grid_of(kX, kY, wavy)).shifted(1845, 1464);
  const Box window{-30, 271, 12, 60};
  const Image<float> pixels = sky.render(window);
  for (int y = 0; y < pixels.height(); ++y)
    for (int x = 0; x < pixels.width(); ++x)
      EXPECT_FLOAT_EQ(pixels(x, y), static_cast<float>(sky(x + window.x0, y + window.y0)));
}

TEST(SplineSky, RefusesGridsThatNoSplineFits) {
  EXPECT_THROW(SkyModel::spline({0, 1, 2}, {0, 1, 2, 3}, std::vector<double>(12)), Error);
  EXPECT_THROW(SkyModel::spline({0, 1, 1, 3}, {0, 1, 2, 3}, std::vector<double>(16)), Error);
  EXPECT_THROW(SkyModel::spline({0, 1, 2, 3}, {0, 1, 2, 3}, std::vector<double>(15)), Error);
  EXPECT_THROW(SkyModel::spline({0, 1, 2, 3}, {0, 1, 2, 3}, std::vector<double>(16, NAN)), Error);
}

TEST(JumpSky, AddsTheJumpFromTheBreakOn) {
  const std::vector<double> xs{-10, 54, 118, 182, 246, 310}, ys{-24, 88, 200, 312, 424};
  const SkyModel sky = SkyModel::spline_jump(
      SkyModel::spline(xs, ys, grid_of(xs, ys, [](double, double) { return 100; })), 150, 7);
  EXPECT_NEAR(sky(149, 5), 100, 1e-9);
  EXPECT_NEAR(sky(150, 5), 107, 1e-9);
  const Image<float> window = sky.shifted(140, 20).render({0, 30, 0, 10});
  EXPECT_FLOAT_EQ(window(9, 3), 100);
  EXPECT_FLOAT_EQ(window(10, 3), 107);
}

TEST(ConstantSky, IsTheSameEverywhere) {
  EXPECT_EQ(SkyModel::constant(12.5)(-7, 1e6), 12.5);
  EXPECT_EQ(SkyModel::constant(12.5).render({3, 5, 3, 5})(1, 1), 12.5f);
}

// The break is a place on the CCD, wherever the sub-image begins.
TEST(ConstantJumpSky, BreaksAtAFullCcdColumn) {
  const SkyModel sky = SkyModel::constant_jump(1023, 10, 12).shifted(1000, 0);
  EXPECT_EQ(sky(22, 0), 10);
  EXPECT_EQ(sky(23, 0), 12);
  EXPECT_EQ(sky.render({0, 40, 0, 2})(22, 1), 10);
  EXPECT_EQ(sky.render({0, 40, 0, 2})(23, 1), 12);
}

}  // namespace
}  // namespace brickline
