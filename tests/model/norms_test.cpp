#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/model/galaxy_norm.h"
#include "core/psf/stamp.h"
#include "tests/support/engine_check.h"

namespace brickline {
namespace {

TEST(Norms, MatchTheReferenceOnARealPsf) {
  BRICKLINE_NEEDS_DATA("surveys/testcase6/calib/psfex/decam/CP/V4.8.2a");
  const Image<float> stamp = test::fixture_psf('r').stamp(50, 45);
  EXPECT_NEAR(point_source_norm(stamp), 0.13339635, 1e-7);
  EXPECT_NEAR(galaxy_norm(stamp, test::fixture_wcs(3, 0, 0).cd()), 0.10229169, 1e-7);
}

TEST(Norms, AGalaxyOnAGaussianPsfHasTheClosedForm) {
  const double sigma = 2.5, scale = 0.262;
  Image<float> stamp(63, 63);
  for (int y = 0; y < 63; ++y)
    for (int x = 0; x < 63; ++x)
      stamp(x, y) =
          static_cast<float>(std::exp(-0.5 * ((x - 31) * (x - 31) + (y - 31) * (y - 31)) / (sigma * sigma)) /
                             (2 * std::numbers::pi * sigma * sigma));
  EXPECT_NEAR(point_source_norm(stamp), 1 / (2 * std::sqrt(std::numbers::pi) * sigma), 1e-6);
  // sum of squares of a mixture of Gaussians: sum_jk a_j a_k / (2 pi (V_j + V_k))
  const double a[6] = {0.00234853813, 0.030799526, 0.223364214, 1.17949102, 4.3387375, 5.9982077};
  const double s[6] = {0.00120078965, 0.00884526493, 0.0391463084, 0.139976817, 0.4609625, 1.50159566};
  const double re = 0.45 / scale;
  double total = 0, sum = 0;
  for (const double v : a) total += v;
  for (int j = 0; j < 6; ++j)
    for (int k = 0; k < 6; ++k)
      sum += a[j] * a[k] / (total * total) /
             (2 * std::numbers::pi * (2 * sigma * sigma + (s[j] + s[k]) * re * re));
  const double p = scale / 3600;
  EXPECT_NEAR(galaxy_norm(stamp, {-p, 0, 0, p}), std::sqrt(sum), 2e-6);
}

TEST(Norms, BadStampsAndScalesGiveNoNumber) {
  Image<float> stamp(5, 5, 0.04f);
  EXPECT_TRUE(std::isnan(galaxy_norm(stamp, {0, 0, 0, 0})));
  stamp(2, 2) = NAN;
  EXPECT_TRUE(std::isnan(galaxy_norm(stamp, {-7e-5, 0, 0, 7e-5})));
  EXPECT_TRUE(std::isnan(point_source_norm(stamp)));
}

}  // namespace
}  // namespace brickline
