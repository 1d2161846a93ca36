// The primitives of detection: growing, filling, labelling and smoothing masks and images.
#include "core/detect/morphology.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/detect/gaussian_filter.h"

namespace brickline {
namespace {

Image<std::uint8_t> mask_of(const std::vector<std::string>& rows) {
  Image<std::uint8_t> out(static_cast<int>(rows[0].size()), static_cast<int>(rows.size()));
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x) out(x, y) = rows[y][x] != '.';
  return out;
}

std::vector<std::string> rows_of(const Image<std::uint8_t>& mask) {
  std::vector<std::string> out;
  for (int y = 0; y < mask.height(); ++y) {
    out.emplace_back();
    for (int x = 0; x < mask.width(); ++x) out.back() += mask(x, y) ? '#' : '.';
  }
  return out;
}

int count(const Image<std::uint8_t>& mask) {
  int n = 0;
  for (int y = 0; y < mask.height(); ++y)
    for (int x = 0; x < mask.width(); ++x) n += mask(x, y) != 0;
  return n;
}

TEST(Dilate, OnePixelGrowsToADiamond) {
  Image<std::uint8_t> one(41, 41);
  one(20, 20) = 1;
  for (const int n : {0, 1, 4, 8}) EXPECT_EQ(count(dilate(one.view(), n)), 2 * n * (n + 1) + 1) << n;
}

TEST(Dilate, StopsAtTheImageEdgeAndJoinsNeighbours) {
  EXPECT_EQ(rows_of(dilate(mask_of({"#....", ".....", "...#."}).view(), 1)),
            (std::vector<std::string>{"##...", "#..#.", "..###"}));
}

TEST(FillHoles, FillsWhatTheBorderCannotReachThroughEdges) {
  EXPECT_EQ(rows_of(fill_holes(mask_of({"####..", "#..#..", "##.###", "..##.#", "...###"}).view())),
            (std::vector<std::string>{"####..", "####..", "######", "..####", "...###"}));
}

TEST(FillHoles, AGapAcrossACornerDoesNotOpenAHole) {
  EXPECT_EQ(rows_of(fill_holes(mask_of({".#.", "#.#", ".#."}).view())),
            (std::vector<std::string>{".#.", "###", ".#."}));
}

TEST(LabelComponents, NumbersByFirstPixelAndKeepsDiagonalsApart) {
  const Components c = label_components(mask_of({"..#..#", "#.#..#", "#.####", ".#....", "##...."}).view());
  ASSERT_EQ(c.count(), 3);
  EXPECT_EQ(c.labels(2, 0), 1);
  EXPECT_EQ(c.labels(5, 0), 1);  // joined further down
  EXPECT_EQ(c.labels(0, 1), 2);
  EXPECT_EQ(c.labels(1, 3), 3);
  EXPECT_EQ(c.boxes[0], (Box{2, 6, 0, 3}));
  EXPECT_EQ(c.boxes[1], (Box{0, 1, 1, 3}));
  EXPECT_EQ(c.boxes[2], (Box{0, 2, 3, 5}));
  EXPECT_EQ(c.pixels, (std::vector<std::int64_t>{8, 2, 3}));
}

TEST(GreyDilate, TakesTheGreatestOfTheCross) {
  Image<float> image(3, 3, 0.0F);
  image(0, 0) = 5;
  image(2, 1) = -1;
  const Image<float> out = grey_dilate(image.view());
  EXPECT_EQ(out(0, 0), 5);
  EXPECT_EQ(out(1, 0), 5);
  EXPECT_EQ(out(0, 1), 5);
  EXPECT_EQ(out(1, 1), 0);  // the corner is no neighbour
  EXPECT_EQ(out(2, 1), 0);
}

// Figures of the reference pipeline's filter for two points in a small image, edges reflected.
TEST(GaussianFilter, ReflectsAtTheEdgesAndKeepsTheSum) {
  Image<float> image(9, 7);
  image(0, 0) = 1;
  image(4, 3) = 1;
  const Image<float> out = gaussian_filter(image.view(), 1.3);
  const float row0[] = {0.2864782F, 0.1729825F, 0.0640152F, 0.0184041F};
  for (int x = 0; x < 4; ++x) EXPECT_NEAR(out(x, 0), row0[x], 1e-6) << x;
  const float row3[] = {0.0316210F, 0.0706390F, 0.0942469F, 0.0700624F, 0.0288395F};
  for (int x = 2; x < 7; ++x) EXPECT_NEAR(out(x, 3), row3[x - 2], 1e-6) << x;
  double total = 0;
  for (int y = 0; y < 7; ++y)
    for (int x = 0; x < 9; ++x) total += out(x, y);
  EXPECT_NEAR(total, 2.0, 1e-5);
}

TEST(GaussianFilter, WorksOnImagesSmallerThanItsReach) {
  Image<float> image(2, 1);
  image(0, 0) = 1;
  const Image<float> out = gaussian_filter(image.view(), 3);
  EXPECT_NEAR(out(0, 0) + out(1, 0), 1.0, 1e-6);
  EXPECT_NEAR(out(0, 0), 0.5, 0.01);
}

}  // namespace
}  // namespace brickline
