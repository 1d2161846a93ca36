#include "core/image/table_wcs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/camera/registry.h"
#include "core/image/read_ccd_image.h"
#include "tests/support/golden_case.h"

namespace brickline {
namespace {

using testing::HasSubstr;

constexpr double kScale = 0.262 / 3600;
constexpr int kWidth = 2046, kHeight = 4094;

Wcs wcs(double ra, double dec, const CdMatrix& cd = {-kScale, 0, 0, kScale}) {
  return Wcs::tangent(ra, dec, 1022, 2046, cd, kWidth, kHeight);
}
TableWcs table_of(const Wcs& linear) { return {linear, linear.center()}; }

TEST(TableWcs, AgreesWithItself) {
  for (const double dec : {-89.9, -30., 0., 60., 90.})
    for (const double ra : {0., 0.01, 123., 359.99})
      EXPECT_FALSE(wcs_disagreement(wcs(ra, dec), table_of(wcs(ra, dec)))) << ra << " " << dec;
}

TEST(TableWcs, AShiftOfAFewArcsecIsTold) {
  const double shift = 6.5 / 3600;
  const TableWcs table = table_of(wcs(150, 2));
  EXPECT_FALSE(wcs_disagreement(wcs(150, 2 + shift / 4), table));
  const auto north = wcs_disagreement(wcs(150, 2 + shift), table);
  ASSERT_TRUE(north);
  EXPECT_THAT(*north, testing::AllOf(HasSubstr("by the header"), HasSubstr("by the CCD table's"),
                                     HasSubstr("6.5 arcsec away")));
  EXPECT_TRUE(wcs_disagreement(wcs(150 + shift / std::cos(0.035), 2), table));
}

TEST(TableWcs, HalfAnArcsecIsWorthNoMoreThanAWarning) {
  const TableWcs table = table_of(wcs(150, 2));
  const Wcs near = wcs(150, 2 + 0.5 / 3600);
  EXPECT_FALSE(wcs_disagreement(near, table));
  EXPECT_TRUE(wcs_disagreement(near, table, kNoticeable));
  EXPECT_FALSE(wcs_disagreement(wcs(150, 2 + 0.01 / 3600), table, kNoticeable));
}

TEST(TableWcs, RotationScaleAndParityAreTold) {
  const TableWcs table = table_of(wcs(150, 2));
  const double a = 0.01;  // radians
  const auto rotated = wcs_disagreement(
      wcs(150, 2, {-kScale * std::cos(a), kScale * std::sin(a), kScale * std::sin(a), kScale * std::cos(a)}),
      table);
  ASSERT_TRUE(rotated);
  EXPECT_THAT(*rotated, HasSubstr("a corner is"));
  const auto scaled = wcs_disagreement(wcs(150, 2, {-1.1 * kScale, 0, 0, 1.1 * kScale}), table);
  ASSERT_TRUE(scaled);
  EXPECT_THAT(*scaled, HasSubstr("pixels are 0.2882 arcsec wide, the CCD table's 0.262"));
  const auto mirrored = wcs_disagreement(wcs(150, 2, {kScale, 0, 0, kScale}), table);
  ASSERT_TRUE(mirrored);
  EXPECT_THAT(*mirrored, HasSubstr("mirror image"));
}

// A WCS with SIP terms that move its corners by half a minute.
fits::Header distorted_header() {
  fits::Header h;
  h.set("CTYPE1", std::string("RA---TAN-SIP"));
  h.set("CTYPE2", std::string("DEC--TAN-SIP"));
  h.set("CRVAL1", 150.);
  h.set("CRVAL2", 2.);
  h.set("CRPIX1", 1023.);
  h.set("CRPIX2", 2047.);
  h.set("CD1_1", -kScale);
  h.set("CD1_2", 0.);
  h.set("CD2_1", 0.);
  h.set("CD2_2", kScale);
  h.set("A_ORDER", std::int64_t{2});
  h.set("B_ORDER", std::int64_t{2});
  h.set("A_2_0", 1e-5);
  h.set("B_0_2", 3e-5);
  return h;
}

TEST(TableWcs, MayLeaveOutTheDistortionOrFitTheSkyLocally) {
  const Wcs header = Wcs::from_header(distorted_header(), kWidth, kHeight);
  const TableWcs without{wcs(150, 2), header.center()};
  EXPECT_GT(3600 * std::abs(header.corners()[2].dec - without.linear.corners()[2].dec), 20);
  EXPECT_FALSE(wcs_disagreement(header, without));
  EXPECT_FALSE(wcs_disagreement(header, {wcs(150, 2), wcs(150, 2).center()}));
  // A table that tells of the sky as it is has found the distortion dropped by whoever reads the header.
  const double apart = 8. / 3600;
  EXPECT_TRUE(wcs_disagreement(wcs(150, 2), {wcs(150, 2), {150, 2 + apart}}));
}

TEST(TableWcs, RealTablesAgreeWithRealHeaders) {
  int checked = 0;
  for (const char* name :
       {"testcase3", "testcase4", "testcase6", "testcase7", "testcase9", "mzlsbass2", "sim300"}) {
    BRICKLINE_NEEDS_DATA(std::string("golden/") + name);
    const test::GoldenCase c(name);
    CameraRegistry cameras = test::built_cameras();
    ReadImageOptions options = c.options;
    options.pixels = false;
    options.polygon.clear();
    for (const CcdRow& row : c.ccds) {
      const auto image = read_ccd_image(cameras.load(row.camera), c.input(row), options);
      ASSERT_TRUE(image) << row.name();
      const Wcs header = image->full_wcs.with_offset(-row.ccdraoff / 3600, -row.ccddecoff / 3600);
      const WcsDifference d = wcs_difference(header, {row.approximate_wcs(), {row.ra, row.dec}});
      EXPECT_LT(d.centre_arcsec, 0.01) << row.name();
      EXPECT_LT(d.corner_arcsec, 0.01) << row.name();
      EXPECT_NEAR(d.scale_ratio, 1, 1e-3) << row.name();
      EXPECT_FALSE(d.other_parity) << row.name();
      ++checked;
    }
  }
  EXPECT_GE(checked, 20);
}

}  // namespace
}  // namespace brickline
