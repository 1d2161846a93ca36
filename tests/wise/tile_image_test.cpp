#include "core/wise/tile_image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/wise/testcase4.h"

namespace brickline {
namespace {

TEST(TileAtlas, HasTheTilesOfTheReference) {
  BRICKLINE_NEEDS_TESTCASE4();
  const WiseData data(test::testcase4_files());
  EXPECT_EQ(data.atlas().tiles().size(), 18240u);
  const std::vector<WiseTile> tiles = data.atlas().touching(test::testcase4_brick());
  ASSERT_EQ(tiles.size(), 1u);
  EXPECT_EQ(tiles[0].id, "1866p257");
  EXPECT_NEAR(tiles[0].ra1, 185.8343292, 1e-7);
  EXPECT_NEAR(tiles[0].dec2, 26.50277822, 1e-8);
}

struct TileCheck {
  int band;
  double sig1, sum;
  int least_frames, most_frames;
  double crpix_x, crpix_y;  // FITS, after the shift
  double median_iv;
};

class Testcase4Tile : public testing::TestWithParam<TileCheck> {};

TEST_P(Testcase4Tile, IsPreparedAsTheReferenceDoes) {
  BRICKLINE_NEEDS_TESTCASE4();
  const TileCheck& c = GetParam();
  const WiseData data(test::testcase4_files());
  const WiseTile tile = data.atlas().touching(test::testcase4_brick()).at(0);
  const TileSearch search = find_tile(data.files().coadd_dirs, tile.id, c.band);
  ASSERT_TRUE(search.files);
  auto planes = read_tile(*search.files, c.band, test::testcase4_brick(), tile.crpix_shift(c.band));
  ASSERT_TRUE(planes);
  EXPECT_EQ(planes->image.width(), 25);
  EXPECT_EQ(planes->image.height(), 25);
  const TileImage image = prepare_tile(std::move(*planes), tile, wise_band(c.band), {});
  EXPECT_NEAR(image.sig1, c.sig1, 1e-7 * c.sig1);
  double sum = 0;
  int least = 1 << 20, most = 0;
  std::vector<double> iv;
  for (int y = 0; y < 25; ++y)
    for (int x = 0; x < 25; ++x) {
      sum += image.data(x, y);
      least = std::min(least, image.frames(x, y));
      most = std::max(most, image.frames(x, y));
      iv.push_back(std::pow(image.inverse_error(x, y), 2));
    }
  EXPECT_NEAR(sum, c.sum, 2e-7 * std::abs(c.sum));
  EXPECT_EQ(least, c.least_frames);
  EXPECT_EQ(most, c.most_frames);
  EXPECT_NEAR(image.wcs.reference_pixel().x + 1, c.crpix_x, 1e-6);
  EXPECT_NEAR(image.wcs.reference_pixel().y + 1, c.crpix_y, 1e-6);
  std::nth_element(iv.begin(), iv.begin() + 312, iv.end());
  EXPECT_NEAR(iv[312], c.median_iv, 1e-6 * c.median_iv);
}

INSTANTIATE_TEST_SUITE_P(
    Bands, Testcase4Tile,
    testing::Values(TileCheck{1, 1.4625266, 4420.0746, 168, 174, 103.477295, 384.527100, 0.41040268},
                    TileCheck{2, 5.5492222, 6999.352, 168, 175, 103.473022, 384.533447, 0.028352277},
                    TileCheck{3, 488.53079, 34740.729, 13, 14, 103.5, 384.5, 4.1900202e-6},
                    TileCheck{4, 18013.42, 407607.03, 13, 14, 103.5, 384.5, 3.0818227e-9}));

}  // namespace
}  // namespace brickline
