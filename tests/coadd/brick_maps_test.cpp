#include "core/coadd/brick_maps.h"

#include <gtest/gtest.h>

#include "core/coadd/product_headers.h"

namespace brickline {
namespace {

TEST(BrickMaps, UniquePixelsAreThoseWhoseCentresAreInTheBox) {
  // One degree per ten pixels around (0, 0); RA runs to the left and through 0.
  const Wcs wcs = Wcs::tangent(0, 0, 10, 10, {-0.1, 0, 0, 0.1}, 21, 21);
  const Image<std::uint8_t> u = unique_pixels(wcs, {359.45, 0.55, -0.25, 0.25});
  EXPECT_EQ(u(10, 10), 1);
  EXPECT_EQ(u(5, 10), 1);   // RA 0.5
  EXPECT_EQ(u(4, 10), 0);   // RA 0.6
  EXPECT_EQ(u(15, 10), 1);  // RA 359.5
  EXPECT_EQ(u(16, 10), 0);
  EXPECT_EQ(u(10, 12), 1);
  EXPECT_EQ(u(10, 13), 0);
}

TEST(BrickMaps, MaskbitsAreTheSumOfWhatIsKnown) {
  Image<std::uint8_t> unique(3, 1, 1), reference(3, 1), saturated(3, 1), bailout(3, 1);
  Image<std::int16_t> allmask(3, 1);
  unique(0, 0) = 0;
  reference(1, 0) = refbit::kBright | refbit::kMedium | refbit::kCluster | refbit::kGalaxy |
                    refbit::kResolved | refbit::kMclouds;
  saturated(2, 0) = 1;
  allmask(2, 0) = 4;
  bailout(2, 0) = 1;
  MaskbitsInput input;
  input.unique = unique.view();
  input.reference = reference.view();
  input.bailout = bailout.view();
  input.bands = {{"z", saturated.view(), allmask.view()}, {"no bits", saturated.view(), {}}};
  const Image<std::int32_t> m = compose_maskbits(3, 1, input, MaskBits({"g", "r", "z"}));
  EXPECT_EQ(m(0, 0), maskbit::kNprimary);
  EXPECT_EQ(m(1, 0), maskbit::kBright | maskbit::kMedium | maskbit::kCluster | maskbit::kGalaxy |
                         maskbit::kResolved | maskbit::kMclouds);
  EXPECT_EQ(m(2, 0), 0x10 | 0x80 | maskbit::kBailout);
}

TEST(BrickMaps, DepthsAreCountedInTenthsOfAMagnitude) {
  Image<float> depth(4, 1), galdepth(4, 1);
  depth(1, 0) = 1157.16968f;  // 24.58 mag at 5 sigma
  depth(2, 0) = 1e12f;        // beyond the last edge but one
  depth(3, 0) = 1157.16968f;
  Image<std::uint8_t> unique(4, 1, 1);
  unique(3, 0) = 0;
  DepthTable table;
  table.add("g", depth.view(), galdepth.view(), unique.view());
  const fits::Table& t = table.table();
  ASSERT_EQ(t.rows(), 50);
  EXPECT_EQ(t.integer("counts_ptsrc_g", 0), 1);
  EXPECT_EQ(t.integer("counts_ptsrc_g", 45), 1);  // 24.5 to 24.6
  EXPECT_EQ(t.integer("counts_ptsrc_g", 49), 1);
  EXPECT_EQ(t.integer("counts_gal_g", 0), 3);
  EXPECT_NEAR(t.number("depthlo", 45), 24.5, 1e-5);
}

TEST(ProductHeaders, TimesAreWrittenInUtcToTheMillisecond) {
  EXPECT_EQ(iso_time(57828.26285591159), "2017-03-16T06:18:30.751");
  EXPECT_EQ(iso_time(0), "1858-11-17T00:00:00.000");
  EXPECT_EQ(iso_time(59999.999999999), "2023-02-25T00:00:00.000");  // rounds into the next day
  EXPECT_NEAR(utc_from_tai(57828.2632841507), 57828.2632841507 - 37 / 86400.0, 1e-10);
}

TEST(ProductHeaders, SeveralCamerasGetNumberedCards) {
  const auto card = [](const char* key, const char* value) {
    return fits::Card{key, std::string(value), {}, {}};
  };
  CcdImage a, b;
  a.mjd_tai = 58001;
  b.mjd_tai = 58003;
  a.origin = {card("TELESCOP", "one"), card("INSTRUME", "eye")};
  b.origin = {card("OBSERVAT", "hill"), card("TELESCOP", "two")};
  const CcdImage* images[] = {&a, &b, &a};
  const fits::Header h = band_input_cards("r", images);
  EXPECT_EQ(h.require_text("TELESCOP"), "one");
  EXPECT_EQ(h.require_text("TELESCO2"), "two");
  EXPECT_EQ(h.require_text("OBSERVA2"), "hill");
  EXPECT_FALSE(h.has("OBSERVAT"));
  EXPECT_EQ(h.require_text("FILTERX"), "r");
  EXPECT_EQ(h.require_number("MJD_MIN"), 58001);
  EXPECT_EQ(h.require_number("MJD_MAX"), 58003);
  EXPECT_NEAR(h.require_number("MJD_MEAN"), 58001 + 2 / 3.0, 1e-9);
}

}  // namespace
}  // namespace brickline
