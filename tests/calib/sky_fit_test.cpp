// The fit of the sky against numbers of the reference pipeline, on pixels made by formulas.
#include "core/calib/sky_fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/calib/sky_grid.h"

namespace brickline {
namespace {

constexpr int kWidth = 300, kHeight = 200;

struct Field {
  Image<float> pixels{kWidth, kHeight};
  Image<std::uint8_t> good{kWidth, kHeight};
};

// A slope with a pattern, a sieve of bad pixels and a corner without any good one.
Field sieve() {
  Field f;
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x) {
      f.pixels(x, y) = static_cast<float>(1000 + 0.02 * x - 0.01 * y + (7 * x + 13 * y) % 11);
      f.good(x, y) = (3 * x + 5 * y) % 17 != 0 && !(y < 40 && x < 60);
    }
  return f;
}

TEST(SkyGrid, NodesAreThoseOfTheReference) {
  EXPECT_EQ(sky_grid_positions(300, 64),
            (std::vector<int>{-10, 22, 54, 86, 118, 150, 182, 214, 246, 278, 310}));
  EXPECT_EQ(sky_grid_positions(200, 64), (std::vector<int>{-12, 20, 52, 84, 116, 148, 180, 212}));
  const auto ends = [](int size, double box) {
    const std::vector<int> p = sky_grid_positions(size, box);
    return std::vector<int>{static_cast<int>(p.size()), p.front(), p.back()};
  };
  EXPECT_EQ(ends(2046, 512), (std::vector<int>{9, -1, 2047}));
  EXPECT_EQ(ends(4094, 512), (std::vector<int>{17, -1, 4095}));
  EXPECT_EQ(ends(4096, 512), (std::vector<int>{18, -128, 4224}));
  EXPECT_EQ(ends(4032, 512), (std::vector<int>{17, -32, 4064}));
  EXPECT_EQ(ends(4079, 512), (std::vector<int>{17, -9, 4087}));
  EXPECT_EQ(ends(1023, 512), (std::vector<int>{5, -1, 1023}));
  EXPECT_EQ(sky_grid_positions(100, 50), (std::vector<int>{-12, 12, 37, 62, 87, 112}));
  const std::vector<int> odd = sky_grid_positions(100, 33.5);
  EXPECT_EQ(odd[0], -6);
  EXPECT_EQ(odd[1], 10);
  EXPECT_EQ(odd.back(), 106);
}

TEST(SkyGrid, TheBoxIsHalvedOnceAndThenLoweredUntilACubicFits) {
  EXPECT_EQ(sky_box(2046, 4094, 1024), 512);
  EXPECT_EQ(sky_box(4096, 4096, 1024), 1024);
  EXPECT_EQ(sky_box(245, 251, 128), 64);
  EXPECT_EQ(sky_box(101, 101, 1024), 64);  // where the reference fails
  EXPECT_EQ(sky_box(12, 12, 1024), 0);
}

TEST(SkyGrid, MediansAreThoseOfTheReference) {
  const Field f = sieve();
  const SkyGrid grid = sky_grid(f.pixels.view(), f.good.view(), 64, 0);
  ASSERT_EQ(grid.values.size(), 88u);
  const double first[] = {0,          0,          1006.35, 1006.68, 1007.22998, 1007.89001,
                          1008.54999, 1009.21002, 1009.87, 1010.31, 1010.64};
  const double last[] = {1003.27002, 1003.6,     1004.15002, 1004.81,    1005.46997, 1006.02002,
                         1006.78998, 1007.45001, 1008.0,     1008.54999, 1008.88};
  for (int i = 0; i < 11; ++i) {
    EXPECT_NEAR(grid.values[i], first[i], 1e-4) << i;
    EXPECT_NEAR(grid.values[77 + i], last[i], 1e-4) << i;
  }
  const SkyModel s =
      SkyModel::spline({grid.x.begin(), grid.x.end()}, {grid.y.begin(), grid.y.end()}, grid.doubles());
  const struct {
    double x, y, level;
  } truth[] = {{0, 0, -668.770653},     {10, 10, -583.255988}, {150, 100, 1007.073322},
               {299, 199, 1008.864900}, {299, 0, 1010.513352}, {75.5, 33.25, 1039.321491}};
  for (const auto& t : truth) EXPECT_NEAR(s(t.x, t.y), t.level, 2e-6) << t.x << " " << t.y;
  double sum = 0;
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x) sum += s(x, y);
  EXPECT_NEAR(sum, 58848964.1075, 58848964.1075 * 1e-9);
}

TEST(SkyFit, AJumpBetweenTheHalvesIsFound) {
  Field f;
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x) f.pixels(x, y) = static_cast<float>(100 + 0.01 * x + 5. * (x >= 150));
  const Image<float> inverse_error(kWidth, kHeight, 1.f);
  SkyFitOptions options;
  options.box_pixels = 128;  // halved
  options.jump = true;
  options.detect_sources = false;
  const SkyFit fit = fit_sky({f.pixels.view(), inverse_error.view()}, options);
  EXPECT_EQ(fit.kind, SkyFit::Kind::kSplineJump);
  EXPECT_EQ(fit.x_break, 150);
  EXPECT_NEAR(fit.jump, 6.0, 2e-5);
  EXPECT_NEAR(fit.model(149, 100), 101.004784, 2e-5);
  EXPECT_NEAR(fit.model(150, 100), 106.994995, 2e-5);
  EXPECT_NEAR(fit.model(0, 0), 100.136370, 2e-5);
  EXPECT_NEAR(fit.model(299, 199), 107.849425, 2e-5);
}

Image<float> stars_on_a_pattern() {
  Image<float> pixels(kWidth, kHeight);
  const int stars[4][2] = {{50, 50}, {120, 90}, {250, 160}, {200, 30}};
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x) {
      double v = 100 + (7919 * x + 104729 * y) % 1000 / 100.;
      for (const auto& s : stars) v += 500 * std::exp(-(std::pow(x - s[0], 2) + std::pow(y - s[1], 2)) / 18);
      pixels(x, y) = static_cast<float>(v);
    }
  return pixels;
}

TEST(SkyEstimates, AreThoseOfTheReference) {
  const Image<float> pixels = stars_on_a_pattern();
  Image<float> inverse_error(kWidth, kHeight, std::sqrt(0.12f));
  Image<std::uint8_t> good(kWidth, kHeight, 1);
  for (int y = 0; y < kHeight; ++y) {
    inverse_error(77, y) = 0;
    good(77, y) = 0;
  }
  const SkyEstimates e = sky_estimates(pixels.view(), inverse_error.view(), good.view());
  EXPECT_NEAR(e.sig1, 2.886751, 2e-6);
  EXPECT_NEAR(e.mode, 101.590492, 1e-2);
  EXPECT_NEAR(e.median, 105.1, 2e-3);
  EXPECT_NEAR(e.clipped, 105.010002, 2e-3);
  EXPECT_NEAR(e.background, 104.989988, 2e-3);
  const SortedValues all(chosen(pixels.view(), Image<std::uint8_t>(kWidth, kHeight, 1).view()));
  EXPECT_NEAR(mode(all), 101.632607, 1e-2);
  const SortedValues::Range kept = all.clipped(3);
  EXPECT_NEAR(all.median(kept), 105.02, 2e-3);
  EXPECT_NEAR(all.standard_deviation(kept), 2.900327, 2e-3);
}

TEST(SkyFit, WithoutAGoodPixelIsAnError) {
  const Image<float> pixels(100, 100, 5.f), inverse_error(100, 100, 0.f);
  EXPECT_THROW(fit_sky({pixels.view(), inverse_error.view()}, {}), Error);
}

TEST(SkyFit, WhereAllIsExcludedTheLevelOfAllStands) {
  const Image<float> pixels = stars_on_a_pattern();
  const Image<float> inverse_error(kWidth, kHeight, std::sqrt(0.12f));
  const Image<std::uint8_t> excluded(kWidth, kHeight, 1);
  SkyFitOptions options;
  options.box_pixels = 50;
  const SkyFit fit = fit_sky({pixels.view(), inverse_error.view(), excluded.view()}, options);
  EXPECT_EQ(fit.fraction_masked, 1);
  for (const float v : fit.values) EXPECT_NEAR(v, fit.estimates.background, 1e-4);
  for (const double p : fit.percentiles) EXPECT_EQ(p, 0);
  EXPECT_NEAR(fit.model(150, 100), 105, 0.1);
}

TEST(SortedValues, SortAndSelectAsTheStandardLibraryDoes) {
  std::vector<float> values;
  std::uint32_t state = 1;
  for (int i = 0; i < 5001; ++i) {
    state = state * 1664525u + 1013904223u;
    values.push_back(static_cast<float>(static_cast<std::int32_t>(state)) * (i % 3 ? 1e-6f : -3e3f));
  }
  std::vector<float> expected = values;
  std::sort(expected.begin(), expected.end());
  const SortedValues sorted(values);
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(sorted[i], expected[i]) << i;
  EXPECT_EQ(sorted.median(), expected[2500]);
  EXPECT_EQ(sorted.percentile(0), expected.front());
  EXPECT_EQ(sorted.percentile(100), expected.back());
  const SortedValues::Range part{1500, 4001};
  double sum = 0;
  for (std::size_t i = part.begin; i < part.end; ++i) sum += expected[i];
  EXPECT_NEAR(sorted.mean(part), sum / 2501, 1e-9 * std::abs(expected.front()));
}

}  // namespace
}  // namespace brickline
