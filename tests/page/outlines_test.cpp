// Outlines run along the pixels' edges, with what they enclose on their left.
#include "core/page/outlines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace brickline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The first row on top; '.' is nothing, a digit a label.
Image<std::int32_t> picture(const std::vector<std::string>& rows) {
  Image<std::int32_t> out(static_cast<int>(rows[0].size()), static_cast<int>(rows.size()), -1);
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x)
      if (const char c = rows[rows.size() - 1 - y][x]; c != '.') out(x, y) = c - '0';
  return out;
}

std::vector<Outline> traced(const std::vector<std::string>& rows, int step = 1) {
  const Image<std::int32_t> labels = picture(rows);
  return trace_outlines(labels.const_view(), step);
}

// The area that a path encloses: positive if it lies on the left.
std::int64_t area(const OutlinePath& path) {
  std::int64_t twice = 0, x = path.x, y = path.y;
  for (std::size_t i = 0; i < path.moves.size(); ++i) {
    const std::int64_t nx = i % 2 == 0 ? x + path.moves[i] : x, ny = i % 2 == 0 ? y : y + path.moves[i];
    twice += x * ny - nx * y;
    x = nx;
    y = ny;
  }
  return (twice + x * path.y - path.x * y) / 2;
}

TEST(Outlines, OfOnePixelAreItsEdges) {
  const auto outlines = traced({"...", ".3.", "..."});
  ASSERT_EQ(outlines.size(), 1u);
  EXPECT_EQ(outlines[0].label, 3);
  ASSERT_EQ(outlines[0].paths.size(), 1u);
  EXPECT_EQ(outlines[0].paths[0].x, 1);
  EXPECT_EQ(outlines[0].paths[0].y, 1);
  EXPECT_THAT(outlines[0].paths[0].moves, ElementsAre(1, 1, -1));
}

TEST(Outlines, EncloseAsManyPixelsAsTheLabelHas) {
  const std::vector<std::string> rows = {"000.1111", "0.0.1..1", "000..1.1",
                                         "....1111", "22.2....", "22.22..."};
  std::int64_t sum[3] = {0, 0, 0}, pixels[3] = {0, 0, 0};
  for (const std::string& row : rows)
    for (const char c : row)
      if (c != '.') ++pixels[c - '0'];
  for (const Outline& outline : traced(rows))
    for (const OutlinePath& path : outline.paths) {
      sum[outline.label] += area(path);  // holes count against it
      EXPECT_EQ(path.moves.size() % 2, 1u);
      for (const int move : path.moves) EXPECT_NE(move, 0);
    }
  EXPECT_THAT(sum, ElementsAre(pixels[0], pixels[1], pixels[2]));
}

TEST(Outlines, RunTheOtherWayAroundHoles) {
  const auto outlines = traced({"000", "0.0", "000"});
  ASSERT_EQ(outlines.size(), 1u);
  ASSERT_EQ(outlines[0].paths.size(), 2u);
  EXPECT_EQ(area(outlines[0].paths[0]), 9);
  EXPECT_EQ(area(outlines[0].paths[1]), -1);
}

TEST(Outlines, KeepApartWhatTouchesAtACorner) {
  const auto outlines = traced({"0.", ".0"});
  ASSERT_EQ(outlines.size(), 1u);
  EXPECT_EQ(outlines[0].paths.size(), 2u);
}

TEST(Outlines, AreCoarserWhereTheyWouldBeTooMany) {
  Image<std::int32_t> board(33, 20);  // every other pixel
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 33; ++x) board(x, y) = (x + y) % 2 ? -1 : 0;
  EXPECT_EQ(corners_of(trace_outlines(board.const_view())), 33 * 20 / 2 * 4);
  const auto coarse = outlines_within(board.const_view(), 100);
  ASSERT_EQ(coarse.size(), 1u);
  ASSERT_EQ(coarse[0].paths.size(), 1u);  // of pixels 0, 2, 4 ... all are set
  EXPECT_EQ(area(coarse[0].paths[0]), 33 * 20);
}

TEST(Outlines, OfNothingAreNone) { EXPECT_THAT(traced({"..", ".."}), IsEmpty()); }

}  // namespace
}  // namespace brickline
