#include "core/image/edges.h"

#include <gtest/gtest.h>

#include "core/survey/mask_bits.h"

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

}  // namespace
}  // namespace brickline
