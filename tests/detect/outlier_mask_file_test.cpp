#include "core/detect/outlier_mask_file.h"

#include <gtest/gtest.h>

#include <string>

#include "core/detect/outliers.h"
#include "core/fits/fits_writer.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

// Part of a CCD: 20 x 12 pixels from (100, 50) on.
CcdImage part_of_a_ccd(Box extent = {100, 120, 50, 62}) {
  CcdImage image;
  image.camera = "testcam";
  image.ccdname = "N4";
  image.expnum = 1234;
  image.extent = extent;
  image.wcs = Wcs::tangent(150, 2, 10, 6, {-7e-5, 0, 0, 7e-5}, extent.width(), extent.height());
  image.data = Image<float>(extent.width(), extent.height());
  return image;
}

class MaskFile : public testing::Test {
 protected:
  void SetUp() override {
    mask(3, 4) = kOutlierPositive;
    mask(19, 11) = kOutlierNegative;
    const CcdImage image = part_of_a_ccd();
    const CcdImage* images[] = {&image};
    const ImageView<const std::uint8_t> masks[] = {mask.const_view()};
    write_outlier_masks(path(), {}, images, masks);
  }
  std::filesystem::path path() const { return dir.path() / "outlier-mask-x.fits.fz"; }

  test::TemporaryDirectory dir;
  Image<std::uint8_t> mask{20, 12};
};

TEST_F(MaskFile, GivesAnImageOfTheSameExtentItsOwnMask) {
  const auto read = OutlierMaskFile(path()).same_extent(part_of_a_ccd());
  ASSERT_TRUE(read);
  for (int y = 0; y < 12; ++y)
    for (int x = 0; x < 20; ++x) ASSERT_EQ((*read)(x, y), mask(x, y)) << x << " " << y;
}

TEST_F(MaskFile, RefusesAnotherPartOfTheCcdAndSaysSo) {
  std::string why;
  EXPECT_FALSE(OutlierMaskFile(path()).same_extent(part_of_a_ccd({101, 121, 50, 62}), &why));
  EXPECT_NE(why.find("another part of the CCD"), std::string::npos) << why;
  CcdImage other = part_of_a_ccd();
  other.expnum = 99;
  EXPECT_FALSE(OutlierMaskFile(path()).same_extent(other, &why));
  EXPECT_FALSE(OutlierMaskFile(path()).overlap(other, &why));
}

TEST_F(MaskFile, TellsAnyPartOfTheCcdWhatItKnowsOfIt) {
  // Begins 2 pixels to the left and 3 above, and reaches beyond on the right.
  const auto read = OutlierMaskFile(path()).overlap(part_of_a_ccd({98, 140, 53, 80}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->width(), 42);
  EXPECT_EQ(read->height(), 27);
  int set = 0;
  for (int y = 0; y < read->height(); ++y)
    for (int x = 0; x < read->width(); ++x) set += (*read)(x, y) != 0;
  EXPECT_EQ(set, 2);
  EXPECT_EQ((*read)(5, 1), kOutlierPositive);
  EXPECT_EQ((*read)(21, 8), kOutlierNegative);

  const auto apart = OutlierMaskFile(path()).overlap(part_of_a_ccd({500, 510, 500, 510}));
  ASSERT_TRUE(apart);
  EXPECT_EQ((*apart)(0, 0), 0);
}

// Files of earlier releases name the HDUs without "MASK-".
TEST_F(MaskFile, KnowsTheOldNames) {
  fits::FitsWriter writer;
  writer.add_empty_primary({});
  fits::Header header;
  header.set("X0", 100);
  header.set("Y0", 50);
  writer.add_image<std::uint8_t>(mask.const_view(), header, "testcam-1234-N4");
  const auto old = dir.path() / "old.fits";
  writer.write(old);
  const auto read = OutlierMaskFile(old).same_extent(part_of_a_ccd());
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)(3, 4), kOutlierPositive);
}

}  // namespace
}  // namespace brickline
