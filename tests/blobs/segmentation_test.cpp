// Who owns which pixel of a blob.
#include "core/blobs/segmentation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/blobs/reservations.h"

namespace brickline {
namespace {

TEST(ClaimKingdoms, ADiscOfRoundedDistance) {
  Image<std::int32_t> owners(9, 9, -1);
  const std::vector<Seed> one{{0, 4, 4}};
  claim_kingdoms(owners, one, 3);
  std::vector<int> widths;
  for (int y = 0; y < 9; ++y) {
    widths.push_back(0);
    for (int x = 0; x < 9; ++x) widths.back() += owners(x, y) == 0;
  }
  EXPECT_EQ(widths, (std::vector<int>{0, 3, 5, 7, 7, 7, 5, 3, 0}));
}

TEST(ClaimKingdoms, TiesGoToTheFirst) {
  Image<std::int32_t> owners(30, 7, -1);
  const std::vector<Seed> two{{5, 8, 3}, {2, 18, 3}};
  claim_kingdoms(owners, two, 10);
  for (int y = 0; y < 7; ++y)
    for (int x = 0; x < 30; ++x) EXPECT_EQ(owners(x, y), x <= 13 ? 5 : x <= 28 ? 2 : -1) << x << ',' << y;
}

TEST(ClaimKingdoms, OverridesTheFlood) {
  Image<std::int32_t> owners(20, 20, 7);
  claim_kingdoms(owners, std::vector<Seed>{{1, 5, 5}}, 2);
  EXPECT_EQ(owners(5, 7), 1);
  EXPECT_EQ(owners(5, 8), 7);
}

// Two hills with a pass between them.
struct Hills {
  Image<float> height{21, 5};
  Image<std::uint8_t> inside{21, 5, 1};
  Hills() {
    for (int y = 0; y < 5; ++y)
      for (int x = 0; x < 21; ++x)
        height(x, y) = static_cast<float>(std::max({0, 10 - std::abs(x - 4), 6 - std::abs(x - 16)}));
  }
};

TEST(FloodSegments, MeetsAtThePass) {
  const Hills hills;
  const auto owners =
      flood_segments(hills.height.view(), hills.inside.view(), std::vector<Seed>{{0, 4, 2}, {1, 16, 2}});
  for (int y = 0; y < 5; ++y) {
    EXPECT_EQ(owners(11, y), 0);
    EXPECT_EQ(owners(13, y), 1);
  }
}

TEST(FloodSegments, StaysInsideAndWithinReach) {
  Hills hills;
  for (int y = 0; y < 5; ++y) hills.inside(10, y) = 0;
  const auto owners =
      flood_segments(hills.height.view(), hills.inside.view(), std::vector<Seed>{{0, 4, 2}, {1, 16, 2, 3.0}});
  EXPECT_EQ(owners(10, 2), -1);
  EXPECT_EQ(owners(9, 2), 0);
  EXPECT_EQ(owners(13, 2), 1);
  EXPECT_EQ(owners(12, 2), -1);
  EXPECT_EQ(owners(13, 1), -1);  // 3 along, 1 across: beyond the reach
}

TEST(FloodSegments, TheLastSeedOfAPixelHoldsIt) {
  const Hills hills;
  const auto owners =
      flood_segments(hills.height.view(), hills.inside.view(), std::vector<Seed>{{0, 4, 2}, {1, 4, 2}});
  EXPECT_EQ(owners(4, 2), 1);
  EXPECT_EQ(owners(0, 0), 1);
}

TEST(Reservations, OtherGalaxiesAndOtherBrightRegionsAreOutOfBounds) {
  Reservations r;
  EXPECT_TRUE(r.for_source(0, 0, 0, true).empty());
  const std::vector<Seed> seeds = {{0, 2, 2, 0}, {1, 8, 2, 0}};
  r.nearest_galaxy = nearest_seeds(11, 5, seeds);
  for (int x = 0; x < 11; ++x) EXPECT_EQ(r.nearest_galaxy(x, 2), x <= 5 ? 0 : 1) << x;
  EXPECT_TRUE(r.for_source(2, 9, 2, false).empty());
  EXPECT_EQ(r.for_source(1, 8, 2, true)(5, 2), 1);
  EXPECT_EQ(r.for_source(1, 8, 2, true)(6, 2), 0);
  r.bright_regions = Image<std::int32_t>(11, 5);
  r.bright_regions(0, 0) = 1;
  r.bright_regions(10, 4) = 2;
  const Image<std::uint8_t> star = r.for_source(2, 0, 0, false);
  EXPECT_EQ(star(0, 0), 0);
  EXPECT_EQ(star(5, 2), 0);
  EXPECT_EQ(star(10, 4), 1);
}

}  // namespace
}  // namespace brickline
