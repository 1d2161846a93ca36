#include "core/catalog/dust.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/fits/fits_writer.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

Image<float> small_map() {
  Image<float> map(3, 3);
  const float values[3][3] = {{0, .1f, .2f}, {.3f, .4f, 0}, {.5f, 0, .7f}};
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 3; ++x) map(x, y) = values[y][x];
  return map;
}

TEST(Dust, ZerosCountAsNoDataWhenInterpolating) {
  const Image<float> map = small_map();
  const auto at = [&](double x, double y) { return interpolate_dust(map.view(), x, y); };
  EXPECT_NEAR(at(.25, .5), .2125, 1e-7);
  EXPECT_NEAR(at(1.5, .25), .2125, 1e-7);
  EXPECT_NEAR(at(1.2, 1.6), .58, 1e-7);
  EXPECT_NEAR(at(2, 2), .7, 1e-7);
  EXPECT_NEAR(at(0, 0), .1, 1e-7);
  EXPECT_NEAR(at(1.5, 1.5), .55, 1e-7);
}

TEST(Dust, GalacticCoordinatesAreTheReferencesOwn) {
  const auto expect = [](double ra, double dec, double l, double b) {
    const GalacticPosition p = galactic_from_equatorial(ra, dec);
    EXPECT_NEAR(p.l, l, 5e-6);  // the unit vectors are known to eight digits
    EXPECT_NEAR(p.b, b, 5e-6);
  };
  expect(186.743966, 25.461789, 228.46703944, 84.27043345);
  expect(346.684, 12.791, 87.11610096, -42.68317383);
  expect(83.6, 22.01, 184.54476526, -5.81267375);
}

TEST(Dust, MapsAreReadInTheirProjection) {
  BRICKLINE_NEEDS_DATA("dust/maps");
  const DustMaps maps = DustMaps::read(test::data_dir() / "dust");
  EXPECT_NEAR(maps.ebv(186.743966, 25.461789), 0.01632231, 1e-7);
  EXPECT_NEAR(maps.ebv(346.684, 12.791), 0.01958896, 1e-7);
  EXPECT_NEAR(maps.ebv(83.6, 22.01), 0.47318312, 1e-6);
  EXPECT_NEAR(maps.ebv(266.4, -29.0), 0.92012837, 1e-6);
  EXPECT_NEAR(maps.ebv(0, 0), 0.01630104, 1e-7);
}

TEST(Dust, MapsOfAnotherPartOfTheSkyAreRefused) {
  // Each with one card changed, in the map of the south.
  for (const auto& [card, value] :
       {std::pair{"", 0.0}, {"LAM_NSGP", 1.0}, {"CRVAL2", 90.0}, {"LAM_SCAL", 2048.0}, {"CRPIX1", 7.5}}) {
    const test::TemporaryDirectory dir;
    for (const bool north : {true, false}) {
      fits::FitsWriter writer;
      fits::Header header;
      header.set("LAM_NSGP", north ? 1.0 : -1.0);
      header.set("CRVAL2", north ? 90.0 : -90.0);
      header.set("LAM_SCAL", 4.0);
      header.set("CRPIX1", 4.5);
      if (!north && *card) header.set(card, value);
      writer.add_image(Image<float>(8, 8, 0.25F).const_view(), header);
      writer.write(dir.path() / (north ? "SFD_dust_4096_ngp.fits" : "SFD_dust_4096_sgp.fits"));
    }
    try {
      EXPECT_EQ(DustMaps::read(dir.path()).ebv(10, -80), 0.25F);
      DustMaps::check(dir.path());
      EXPECT_STREQ(card, "");
    } catch (const Error& error) {
      EXPECT_NE(error.line().find(fmt::format("sgp.fits: {} = ", card)), std::string::npos) << error.line();
    }
  }
}

TEST(Dust, AMissingMapIsNamed) {
  test::TemporaryDirectory dir;
  try {
    DustMaps::read(dir.path());
    FAIL() << "read maps that do not exist";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_NE(e.line().find("SFD_dust_4096_ngp.fits"), std::string::npos);
  }
}

}  // namespace
}  // namespace brickline
