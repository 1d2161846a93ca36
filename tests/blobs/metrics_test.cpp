// Source metrics against sums done by hand.
#include "core/blobs/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace brickline {
namespace {

// One row of six pixels; source A covers pixels 0-2, source B pixels 2-4; pixel 1 is masked.
struct Row {
  Image<float> residual{6, 1}, inverse_error{6, 1, 2.0F};
  Patch a{Image<float>(3, 1), 0, 0}, b{Image<float>(3, 1), 2, 0};
  Row() {
    for (int x = 0; x < 6; ++x) residual(x, 0) = 0.5F;  // chi = 1
    inverse_error(1, 0) = 0;
    a.pixels(0, 0) = 1, a.pixels(1, 0) = 4, a.pixels(2, 0) = 2;
    b.pixels(0, 0) = 3, b.pixels(1, 0) = 5, b.pixels(2, 0) = 2;
  }
  std::vector<SourceMetrics> measure(double flux_a, double flux_b) const {
    const std::vector<MetricImage> images{{residual.view(), inverse_error.view(), 0}};
    const std::vector<std::vector<const Patch*>> patches{{&a}, {&b}, {nullptr}};
    const std::vector<std::vector<double>> flux{{flux_a}, {flux_b}, {3}};
    return measure_source_metrics(images, 1, patches, flux);
  }
};

TEST(SourceMetrics, SumsByHand) {
  const std::vector<SourceMetrics> m = Row().measure(10, 10);
  EXPECT_FLOAT_EQ(m[0].fracin[0], 0.7F);                       // 7 of 10
  EXPECT_FLOAT_EQ(m[0].fracmasked[0], 0.4F / 0.7F);            // pixel 1: 4 of 10
  EXPECT_FLOAT_EQ(m[0].fracflux[0], 3.0F * 2 / (1 + 16 + 4));  // B's 3 in pixel 2, weighted by A's 2
  EXPECT_FLOAT_EQ(m[0].rchisq[0], 3.0F / 7.0F);                // chi^2 = 1 where not masked
  EXPECT_FLOAT_EQ(m[1].fracflux[0], 2.0F * 3 / (9 + 25 + 4));
  EXPECT_FLOAT_EQ(m[1].fracmasked[0], 0);
  EXPECT_FLOAT_EQ(m[1].rchisq[0], 1);
}

TEST(SourceMetrics, NothingSeenIsZero) {
  const std::vector<SourceMetrics> m = Row().measure(0, 10);
  for (const int s : {0, 2}) {
    EXPECT_EQ(m[s].fracin[0], 0);
    EXPECT_EQ(m[s].fracflux[0], 0);
    EXPECT_EQ(m[s].fracmasked[0], 0);
    EXPECT_EQ(m[s].rchisq[0], 0);
  }
}

TEST(ExcessVariance, IsThatOfResidualsLargerThanErrors) {
  constexpr int kPixels = 200;
  const Image<float> as_errors(kPixels, 1, 0.5F), larger(kPixels, 1, 1.5F), inverse_error(kPixels, 1, 2.0F);
  const std::vector<MetricImage> images{{as_errors.view(), inverse_error.view(), 0},
                                        {larger.view(), inverse_error.view(), 1}};
  const std::vector<std::optional<Patch>> patches{Patch{Image<float>(kPixels, 1, 3.0F), 0, 0},
                                                  Patch{Image<float>(kPixels, 1, 1.0F), 0, 0}};
  const ExcessVariance e = excess_variance(images, 3, patches);
  ASSERT_EQ(e.band.size(), 3u);
  EXPECT_NEAR(e.band[0], 1.0664, 1e-4);     // chi = 1: what photons may add within the errors, sigma = 0.1
  EXPECT_NEAR(e.band[1], 9 - 0.125, 1e-6);  // chi = 3: less sigma^2/(2/25)
  EXPECT_EQ(e.band[2], 1);                  // no image
  EXPECT_NEAR(e.all, (9 * e.band[0] + e.band[1]) / 10, 1e-6);
  // What a constant of each image takes off is no excess.
  const ExcessVariance over = excess_variance(images, 3, patches, true);
  for (const double by : over.band) EXPECT_NEAR(by, 1, 0.01);
  // Of a faint source no photons are expected: more than two standard deviations count.
  const std::vector<std::optional<Patch>> faint{Patch{Image<float>(kPixels, 1, 3e-3F), 0, 0},
                                                Patch{Image<float>(kPixels, 1, 1e-3F), 0, 0}};
  const ExcessVariance of_faint = excess_variance(images, 2, faint);
  EXPECT_NEAR(of_faint.band[0], 1, 1e-3);
  EXPECT_NEAR(of_faint.band[1], 9 - 2 * std::sqrt(2.0 / kPixels), 1e-6);
}

}  // namespace
}  // namespace brickline
