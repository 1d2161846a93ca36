// Cut-outs of what was measured.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "core/fits/fits_reader.h"
#include "core/forced/forced_cutouts.h"
#include "core/forced/forced_pictures.h"
#include "core/picture/jpeg_codec.h"
#include "tests/forced/synthetic_ccd.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

TEST(Cutouts, ShowImageModelAndWhatIsLeftAroundEachPosition) {
  test::SyntheticCcd ccd(100, 80, 0.02);
  std::vector<ForcedCcd> measured(1);
  ForcedCcd& one = measured[0];
  for (const auto& [x, y] : {std::pair{50.3, 40.2}, {2., 3.}, {300., 10.}}) {
    one.sources.push_back(test::star_at(ccd.sky(x, y)));
    one.sources.back().objid = static_cast<std::int32_t>(one.sources.size());
    if (x < 100) ccd.add_star(ccd.sky(x, y), 20);
  }
  ccd.image.inverse_error(50, 40) = 0;
  one.result = measure_forced(ccd.image, one.sources);
  one.image = ccd.image;
  const test::TemporaryDirectory directory;
  write_forced_cutouts(directory / "cutouts.fits", {}, measured, 10);
  fits::FitsReader reader(directory / "cutouts.fits");
  ASSERT_EQ(reader.hdu_count(), 3);  // the third is off the image
  const fits::Header header = reader.header(1);
  const fits::ImageInfo info = reader.image_info(1);
  EXPECT_EQ(info.width, 21);
  EXPECT_EQ(info.height, 21);
  EXPECT_EQ(info.depth, 4);
  EXPECT_EQ(header.text("EXTNAME"), "1-synthetic-1-S1");
  const Image<float> planes = reader.cube<float>(1);
  for (int y = 0; y < 21; ++y)
    for (int x = 0; x < 21; ++x) {
      EXPECT_EQ(planes(x, y), ccd.image.data(x + 40, y + 30));
      EXPECT_NEAR(planes(x, y) - planes(x, y + 21), planes(x, y + 42), 1e-6);
      EXPECT_LT(std::abs(planes(x, y + 42)), 0.02);  // there is no noise
    }
  EXPECT_EQ(planes(10, 10 + 63), 0);
  EXPECT_NEAR(planes(11, 10 + 63), 2500, 1);
  // Its projection puts the position where the cards say it is.
  const Wcs wcs = Wcs::from_header(header, 21, 21);
  const auto at = wcs.sky_to_pixel(header.number("RA").value(), header.number("DEC").value());
  EXPECT_NEAR(at->x, header.number("POSX").value(), 1e-3);
  EXPECT_NEAR(at->y, header.number("POSY").value(), 1e-3);
  EXPECT_NEAR(at->x, 10.3, 1e-3);
  EXPECT_EQ(reader.image_info(2).width, 13);  // at the corner
  EXPECT_EQ(reader.image_info(2).height, 14);
}

TEST(Pictures, ShowPixelsModelAndWhatIsLeft) {
  constexpr double kSig1 = 0.02;
  constexpr int kWidth = 120, kHeight = 90;
  test::SyntheticCcd ccd(kWidth, kHeight, kSig1);
  std::vector<ForcedCcd> measured(1);
  ForcedCcd& one = measured[0];
  // A star that was fitted, and one that nobody knew of; a corner without weight.
  one.sources.push_back(test::star_at(ccd.sky(40, 20)));
  ccd.add_star(ccd.sky(40, 20), 20);
  ccd.add_star(ccd.sky(80, 60), 20);
  ccd.add_noise(1);
  for (int y = 0; y < 10; ++y)
    for (int x = 0; x < 10; ++x) ccd.image.inverse_error(x, y) = 0;
  one.result = measure_forced(ccd.image, one.sources);
  one.image = ccd.image;
  const test::TemporaryDirectory directory;
  for (const int bin : {1, 2}) {
    ForcedPictureOptions options;
    options.most_pixels = kWidth / bin;
    const auto files = write_forced_pictures((directory / "look").string(), measured, options);
    ASSERT_EQ(files, std::vector<std::string>{(directory / "look-synthetic-1-S1.jpg").string()});
    std::ostringstream bytes;
    bytes << std::ifstream(files[0], std::ios::binary).rdbuf();
    const PictureBytes picture = decode_jpeg(bytes.str());
    ASSERT_EQ(picture.components, 1);
    ASSERT_EQ(picture.height, kHeight / bin);
    const int step = (picture.width - kWidth / bin) / 2;  // from panel to panel
    const auto grey = [&](int panel, int x, int y) {      // row 0 is below
      return picture.bytes.at(static_cast<std::size_t>(picture.height - 1 - y / bin) * picture.width +
                              panel * step + x / bin);
    };
    for (const int panel : {0, 1}) EXPECT_GT(grey(panel, 40, 20), 200) << panel;
    EXPECT_GT(grey(0, 80, 60), 200);
    EXPECT_LT(grey(1, 80, 60), 100);
    EXPECT_GT(grey(2, 80, 60), 200);
    EXPECT_NEAR(grey(2, 40, 20), 127, 100);
    EXPECT_LT(grey(0, 4, 4), 20);
    EXPECT_NEAR(grey(2, 4, 4), 127, 20);
  }
}

}  // namespace
}  // namespace brickline
