#include "core/wise/tile_mask.h"

#include <gtest/gtest.h>

#include "tests/wise/testcase4.h"

namespace brickline {
namespace {

TEST(CollapsedMask, TakesEachBitFromItsSources) {
  struct Case {
    std::uint32_t bits;
    int w1, w2;
  };
  const Case cases[] = {{1, 1, 0},
                        {8, 0, 1},
                        {16, 64, 0},
                        {1u << 28, 0, 2},
                        {1u << 25, 4, 0},
                        {1u << 11, 0, 4},
                        {1u << 13, 8, 0},
                        {1u << 15, 0, 8},
                        {1u << 17, 16, 0},
                        {1u << 19, 0, 16},
                        {1u << 23, 32, 0},
                        {1u << 24, 0, 32},
                        {1u << 29, 128, 0},
                        {1u + 16 + (1u << 23), 97, 0},
                        {(1u << 30) + (1u << 28), 0, 130}};
  for (const Case& c : cases) {
    const auto got = collapsed_mask(c.bits);
    EXPECT_EQ(got[0], c.w1) << c.bits;
    EXPECT_EQ(got[1], c.w2) << c.bits;
  }
}

TEST(TileMask, IsThatOfTheGoldenProduct) {
  BRICKLINE_NEEDS_TESTCASE4();
  const WiseData data(test::testcase4_files());
  const Wcs brick = test::testcase4_brick();
  Image<std::uint32_t> bits(brick.width(), brick.height());
  const std::vector<WiseTile> tiles = data.atlas().touching(brick);
  ASSERT_EQ(tiles.size(), 1u);
  const auto file = find_tile_mask(data.files().coadd_dirs, tiles[0].id);
  ASSERT_TRUE(file);
  add_tile_mask(bits, *file, tiles[0], brick);
  const WiseMasks masks = collapsed_masks(bits.const_view());
  fits::FitsReader golden(test::data_dir() /
                          "golden/testcase4/products/coadd/186/1867p255/"
                          "legacysurvey-1867p255-maskbits.fits.fz");
  for (int b = 0; b < 2; ++b) {
    const Image<std::uint8_t> expected = golden.image<std::uint8_t>(2 + b);
    int wrong = 0, set = 0;
    for (int y = 0; y < brick.height(); ++y)
      for (int x = 0; x < brick.width(); ++x) {
        wrong += masks.bands[b](x, y) != expected(x, y);
        set += expected(x, y) != 0;
      }
    EXPECT_EQ(wrong, 0) << "of " << set << " set";
  }
}

}  // namespace
}  // namespace brickline
