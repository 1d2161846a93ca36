#include "core/image/inverse_variance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace brickline {
namespace {

Image<float> row_image(const std::vector<float>& values) {
  Image<float> image(static_cast<int>(values.size()), 1);
  std::copy(values.begin(), values.end(), image.row(0));
  return image;
}
std::vector<float> pixels(const Image<float>& image) { return {image.row(0), image.row(0) + image.width()}; }

TEST(ZeroWhereMasked, AnyBitTakesTheWeight) {
  Image<float> weight(3, 2, 5);
  Image<std::uint16_t> mask(3, 2);
  mask(1, 0) = 0x100;
  mask(2, 1) = 1;
  zero_where_masked(weight, mask);
  EXPECT_EQ(weight(0, 0), 5);
  EXPECT_EQ(weight(1, 0), 0);
  EXPECT_EQ(weight(2, 1), 0);
}

class Quantisation : public testing::Test {
 protected:
  Quantisation() {
    header_.set("ZQUANTIZ", "SUBTRACTIVE_DITHER_1");
    header_.set("ZNAXIS1", 20);
    header_.set("ZNAXIS2", 4);
    header_.set("ZTILE1", 20);
    header_.set("ZTILE2", 1);
    columns_.add("ZSCALE", std::vector<double>{1, 2, 3, 4});
    columns_.add("ZZERO", std::vector<double>{0, 0, 0, 0});
  }
  fits::Header header_;
  fits::Table columns_;
};

TEST_F(Quantisation, ARowsStepIsItsScale) {
  const QuantisationSteps steps = quantisation_steps(header_, columns_, 1, 2);
  EXPECT_FALSE(steps.exact_zeros);
  EXPECT_EQ(steps.row_step, (std::vector<double>{2, 3}));
}

TEST_F(Quantisation, WithoutItZerosAreZeros) {
  EXPECT_TRUE(quantisation_steps({}, {}, 0, 4).exact_zeros);
  header_.set("ZQUANTIZ", "SUBTRACTIVE_DITHER_2");
  EXPECT_TRUE(quantisation_steps(header_, columns_, 0, 4).exact_zeros);
}

TEST_F(Quantisation, StepsAreUnknownUnlessEveryRowIsATileThatBeginsAtZero) {
  const auto unknown = [&](const fits::Header& h, const fits::Table& t, int first, int rows) {
    const QuantisationSteps s = quantisation_steps(h, t, first, rows);
    return !s.exact_zeros && s.row_step.empty() && !s.why_unknown.empty();
  };
  EXPECT_TRUE(unknown(header_, columns_, 3, 2));  // beyond the last row
  EXPECT_TRUE(unknown(header_, {}, 0, 4));
  fits::Table shifted = columns_;
  shifted.add("ZZERO", std::vector<double>{0, 0, 0, 1e-9});
  EXPECT_TRUE(unknown(header_, shifted, 0, 2));
  fits::Header tall = header_;
  tall.set("ZTILE2", 2);
  EXPECT_TRUE(unknown(tall, columns_, 0, 2));
  fits::Header narrow = header_;
  narrow.set("ZTILE1", 10);
  EXPECT_TRUE(unknown(narrow, columns_, 0, 2));
  fits::Header other = header_;
  other.set("ZQUANTIZ", "NO_DITHER");
  EXPECT_TRUE(unknown(other, columns_, 0, 2));
}

TEST(RepairZeros, HalfAStepWasZero) {
  Image<float> weight(3, 2);
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 3; ++x) weight(x, y) = static_cast<float>(x);  // 0 1 2
  QuantisationSteps steps;
  steps.row_step = {2, 4};
  EXPECT_FALSE(repair_zeros(weight, steps, 0.1));
  EXPECT_EQ(weight(1, 0), 0);  // not above half of 2
  EXPECT_EQ(weight(2, 0), 2);
  EXPECT_EQ(weight(2, 1), 0);  // not above half of 4
}

TEST(RepairZeros, OtherwiseATenthOfTheMedianIsTheLimit) {
  Image<float> weight = row_image({-1, 0, 0.9f, 1, 10, 20});
  // The positive ones are 0.9, 1, 10, 20: median 5.5.
  EXPECT_FLOAT_EQ(repair_zeros(weight, {.why_unknown = "?"}, 0.1).value(), 0.55f);
  EXPECT_EQ(pixels(weight), (std::vector<float>{0, 0, 0.9f, 1, 10, 20}));
  Image<float> low = row_image({0.5f, 10, 10, 10});
  repair_zeros(low, {.why_unknown = "?"}, 0.1);
  EXPECT_EQ(pixels(low), (std::vector<float>{0, 10, 10, 10}));
}

TEST(RepairZeros, NothingChangesWithoutAPositiveWeightOrWithExactZeros) {
  Image<float> weight = row_image({-1, 0, -3});
  repair_zeros(weight, {.why_unknown = "?"}, 0.1);
  EXPECT_EQ(pixels(weight), (std::vector<float>{-1, 0, -3}));
  Image<float> exact = row_image({1e-6f, 10, 10});
  repair_zeros(exact, {.exact_zeros = true}, 0.1);
  EXPECT_EQ(exact(0, 0), 1e-6f);
}

TEST(ClipWeights, OnlyWeightsAboveTheLimitBecomeTypical) {
  Image<float> weight = row_image({0.5f, 1, 1.29f, 1.31f, 1e6f});
  clip_weights(weight, 1, 1.3);
  EXPECT_EQ(pixels(weight), (std::vector<float>{0.5f, 1, 1.29f, 1, 1}));
}

TEST(InvertPlanes, VarianceAndSigmaThatAreNotPositiveHaveNoWeight) {
  Image<float> variance = row_image({4, 0, -2}), sigma = row_image({4, 0, -2});
  invert_variance(variance);
  invert_sigma(sigma);
  EXPECT_EQ(pixels(variance), (std::vector<float>{0.25f, 0, 0}));
  EXPECT_EQ(pixels(sigma), (std::vector<float>{0.0625f, 0, 0}));
}

TEST(NoiseFromPixelDifferences, IsTheScaledMedianOfUnmaskedPairs) {
  Image<float> image(21, 21);
  Image<std::uint16_t> mask(21, 21);
  // The pairs begin at 0 and 10 in both axes: four of them.
  image(5, 5) = 1;
  image(15, 5) = -2;
  image(5, 15) = 3;
  image(15, 15) = 100;
  mask(10, 10) = 1;
  EXPECT_NEAR(noise_from_pixel_differences(image, mask), 1.4826 / std::sqrt(2.0) * 2, 1e-6);
  EXPECT_TRUE(std::isnan(noise_from_pixel_differences(Image<float>(4, 4), Image<std::uint16_t>(4, 4))));
}

TEST(Medians, LookAtWhatTheySay) {
  const Image<float> image = row_image({5, 1, 3, 100}), weight = row_image({1, 1, 1, 0});
  EXPECT_FLOAT_EQ(median_of(image), 4);
  EXPECT_FLOAT_EQ(median_where_weighted(image, weight), 3);
  EXPECT_TRUE(std::isnan(median_positive(row_image({0, -1}))));
}

TEST(Checks, FindWhatIsNotFiniteOrNotZero) {
  EXPECT_TRUE(all_zero(row_image({0, 0})));
  EXPECT_FALSE(all_zero(row_image({0, -1})));
  EXPECT_TRUE(all_finite(row_image({0, 1e30f})));
  EXPECT_FALSE(all_finite(row_image({0, std::numeric_limits<float>::infinity()})));
  EXPECT_FALSE(all_finite(row_image({NAN})));
}

}  // namespace
}  // namespace brickline
