#include "core/wise/light_curve.h"

#include <gtest/gtest.h>

namespace brickline {
namespace {

const std::vector<int> kFrames = {12, 13, 3,  14, 12, 15, 12, 9,  13, 12,
                                  14, 12, 12, 13, 12, 11, 12, 14, 12, 13};
std::vector<double> times() {
  std::vector<double> mjd = {55256, 55437};
  for (int k = 0; k < 18; ++k) mjd.push_back(56648 + 182 * k);
  return mjd;
}

TEST(LightCurve, KeepsTheEpochsThatTheReferenceKeeps) {
  EXPECT_EQ(kept_epochs(kFrames, times(), 17),
            (std::vector<int>{0, 1, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19}));
  EXPECT_EQ(kept_epochs(kFrames, times(), 15),
            (std::vector<int>{0, 1, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16, 17}));
  EXPECT_EQ(kept_epochs(kFrames, times(), 11), (std::vector<int>{0, 1, 3, 4, 5, 6, 8, 9, 10, 11, 12}));
}

TEST(LightCurve, ShortOnesAreKeptWholeEmptyEpochsToo) {
  const std::vector<int> frames = {0, 12, 3};
  const std::vector<double> mjd = {0, 57000, 57180};
  EXPECT_EQ(kept_epochs(frames, mjd, 3), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(kept_epochs(frames, mjd, 17), (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(kept_epochs({}, {}, 17).empty());
  EXPECT_TRUE(kept_epochs(frames, mjd, 0).empty());
}

TEST(LightCurve, WidthsGoByTheDirectorysName) {
  EXPECT_EQ(light_curve_width("/data/neo7"), 17);
  EXPECT_EQ(light_curve_width("/data/neo6/"), 15);
  EXPECT_EQ(light_curve_width("neo4"), 11);
  EXPECT_EQ(light_curve_width("neo11"), 25);
  EXPECT_EQ(light_curve_width("/data/neo7/unwise-tr"), 0);
}

}  // namespace
}  // namespace brickline
