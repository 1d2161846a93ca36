#include "tools/simulate_survey/random.h"

#include <gtest/gtest.h>

#include <cmath>

namespace brickline::simulate {
namespace {

TEST(Random, StreamsAreReproducibleAndDistinct) {
  Random a(7, Stream::kStar, {3}), same(7, Stream::kStar, {3});
  Random other_key(7, Stream::kStar, {4}), other_stream(7, Stream::kGalaxy, {3}),
      other_seed(8, Stream::kStar, {3});
  const auto first = a.bits();
  EXPECT_EQ(first, same.bits());
  EXPECT_NE(first, other_key.bits());
  EXPECT_NE(first, other_stream.bits());
  EXPECT_NE(first, other_seed.bits());
}

TEST(Random, NormalDeviatesHaveUnitVariance) {
  Random random(1, Stream::kPixelRow);
  double sum = 0, squares = 0;
  constexpr int kDraws = 200000;
  for (int i = 0; i < kDraws; ++i) {
    const double v = random.normal();
    sum += v;
    squares += v * v;
  }
  EXPECT_NEAR(sum / kDraws, 0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws, 1, 5 * std::sqrt(2.0 / kDraws));
}

// Mean, variance and third moment of a Poisson distribution all equal its mean.
TEST(Random, PoissonDeviatesHaveTheRightMoments) {
  for (double mean : {0.3, 9.5, 10.5, 300.0, 40000.0}) {
    Random random(2, Stream::kPixelRow, {static_cast<std::uint64_t>(mean)});
    constexpr int kDraws = 200000;
    double sum = 0, squares = 0, cubes = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double d = random.poisson(mean) - mean;
      sum += d;
      squares += d * d;
      cubes += d * d * d;
    }
    EXPECT_NEAR(sum / kDraws, 0, 5 * std::sqrt(mean / kDraws)) << mean;
    EXPECT_NEAR(squares / kDraws, mean, 5 * std::sqrt((2 * mean * mean + mean) / kDraws)) << mean;
    EXPECT_NEAR(cubes / kDraws, mean,
                5 * std::sqrt((15 * mean * mean * mean + 25 * mean * mean + mean) / kDraws))
        << mean;
  }
  EXPECT_EQ(Random(1, Stream::kPixelRow).poisson(0), 0);
}

}  // namespace
}  // namespace brickline::simulate
