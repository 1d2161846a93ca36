#include "core/image/edges.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/facts/mask_bits.h"

namespace brickline {
namespace {

constexpr std::uint16_t kBits = mask_bit::kSatur | mask_bit::kBleed;

void set(Image<std::uint16_t>& mask, const Box& box, std::uint16_t bits) {
  for (int y = box.y0; y < box.y1; ++y)
    for (int x = box.x0; x < box.x1; ++x) mask(x, y) |= bits;
}
std::int64_t count(const Image<std::uint16_t>& mask, std::uint16_t value) {
  std::int64_t n = 0;
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x) n += mask(x, y) == value;
  return n;
}

// The reference pipeline's answer to the same mask.
TEST(RelabelAtSideEdges, WholeComponentsBecomeEdge) {
  Image<std::uint16_t> mask(101, 100);
  set(mask, {0, 3, 30, 50}, mask_bit::kSatur);
  set(mask, {1, 2, 50, 70}, mask_bit::kBleed);  // hangs on the block
  set(mask, {50, 51, 10, 11}, mask_bit::kSatur);
  set(mask, {5, 6, 50, 51}, mask_bit::kSatur);
  set(mask, {4, 5, 49, 50}, mask_bit::kSatur);  // two columns away from the block
  EXPECT_EQ(relabel_at_side_edges(mask, kBits), 80);
  EXPECT_EQ(count(mask, mask_bit::kSatur), 3);
  EXPECT_EQ(count(mask, mask_bit::kEdge), 80);
  EXPECT_EQ(count(mask, 0), 101 * 100 - 83);
}

TEST(RelabelAtSideEdges, DiagonalNeighboursAndTheUpperAndLowerEdgesDoNotCount) {
  Image<std::uint16_t> mask(10, 10);
  mask(9, 4) = mask_bit::kSatur | mask_bit::kCr;
  mask(8, 5) = mask_bit::kSatur;
  set(mask, {4, 6, 0, 10}, mask_bit::kBleed);
  EXPECT_EQ(relabel_at_side_edges(mask, kBits), 1);
  EXPECT_EQ(mask(9, 4), mask_bit::kEdge);  // the cosmic ray's bit is lost with the others
  EXPECT_EQ(mask(8, 5), mask_bit::kSatur);
  EXPECT_EQ(count(mask, mask_bit::kBleed), 20);
}

TEST(RelabelAtSideEdges, OtherBitsDoNotConnect) {
  Image<std::uint16_t> mask(10, 1);
  mask(0, 0) = mask_bit::kSatur;
  mask(1, 0) = mask_bit::kBadpix;
  mask(2, 0) = mask_bit::kSatur;
  EXPECT_EQ(relabel_at_side_edges(mask, kBits), 1);
  EXPECT_EQ(mask(2, 0), mask_bit::kSatur);
}

TEST(WeightedBox, DropsCompleteRowsAndColumnsOnly) {
  Image<float> weight(101, 100, 1);
  for (int y = 0; y < 100; ++y)
    for (int x = 0; x < 101; ++x)
      if (x < 4 || y >= 97 || (x == 100 && y >= 40 && y < 60)) weight(x, y) = 0;
  EXPECT_EQ(weighted_box(weight), (Box{4, 101, 0, 97}));
}

TEST(WeightedBox, OfABlock) {
  Image<float> weight(101, 100);
  for (int y = 40; y < 50; ++y)
    for (int x = 40; x < 60; ++x) weight(x, y) = 2;
  EXPECT_EQ(weighted_box(weight), (Box{40, 60, 40, 50}));
}

TEST(WeightedBox, WithoutAnyWeightIsEmpty) { EXPECT_TRUE(weighted_box(Image<float>(5, 7)).empty()); }

// The reference pipeline lays ramps as long as the image (up to 100 pixels) over one another; the ratios of
// weights of a 60 x 50 image in the middle of its rows are its own.
TEST(Apodization, TheRampIsTheReferences) {
  const std::vector<float> across = apodization_ramp(60), up = apodization_ramp(50);
  const auto ratio = [&](int x, int y) { return across[x] * across[59 - x] * up[y] * up[49 - y]; };
  const double expected[] = {0.0613581, 0.0622286, 0.0622286, 0.0613581, 0.0596918};
  for (int x = 28; x <= 32; ++x) EXPECT_NEAR(ratio(x, 25), expected[x - 28], 1e-7) << x;
  EXPECT_EQ(across.front(), 0);
  EXPECT_EQ(across.back(), 1);
}

TEST(Apodization, RampsRunInFromAllSidesAndDoNotOverlap) {
  Image<float> weight(60, 500, 4);
  apodize(weight, 100);
  const std::vector<float> across = apodization_ramp(30), up = apodization_ramp(100);
  for (int x = 0; x < 60; ++x) {
    EXPECT_EQ(weight(x, 0), 0);
    EXPECT_EQ(weight(x, 499), 0);
    EXPECT_FLOAT_EQ(weight(x, 250), 4 * across[std::min(x, 59 - x)]) << x;
  }
  for (int y = 0; y < 500; ++y)
    EXPECT_FLOAT_EQ(weight(30, y), 4 * (std::min(y, 499 - y) < 100 ? up[std::min(y, 499 - y)] : 1)) << y;
  // An image of a few pixels keeps its weights.
  Image<float> tiny(3, 3, 1);
  apodize(tiny, 100);
  EXPECT_EQ(tiny(0, 0), 1);
}

}  // namespace
}  // namespace brickline
