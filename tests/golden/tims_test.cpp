// Calibrated images against what the reference pipeline made of the same surveys (its state after the stage
// that gives this suite its name).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/golden_case.h"

namespace brickline {
namespace {

// The golden file's HDUs of image i: DATAi (with the image's scalars in its header), INVERRi, DQi, PSFi.
struct GoldenImage {
  fits::Header header;
  Image<float> data, inverse_error, psf;
  Image<std::int32_t> mask;

  GoldenImage(fits::FitsReader& file, int i) {
    const auto hdu = [&](const char* name) { return file.find_hdu(name + std::to_string(i)).value(); };
    header = file.header(hdu("DATA"));
    data = file.image<float>(hdu("DATA"));
    inverse_error = file.image<float>(hdu("INVERR"));
    mask = file.image<std::int32_t>(hdu("DQ"));
    psf = file.image<float>(hdu("PSF"));
  }
  double number(const char* key) const { return header.require_number(key); }
};

// The largest |a - b| / max(|b|, scale).
double largest_difference(const Image<float>& a, const Image<float>& b, double scale) {
  double largest = 0;
  for (int y = 0; y < a.height(); ++y)
    for (int x = 0; x < a.width(); ++x)
      largest =
          std::max(largest, std::abs(double{a(x, y)} - b(x, y)) / std::max<double>(std::abs(b(x, y)), scale));
  return largest;
}

std::int64_t different_mask_pixels(const CcdImage& image, const GoldenImage& truth) {
  std::int64_t n = 0;
  for (int y = 0; y < truth.mask.height(); ++y)
    for (int x = 0; x < truth.mask.width(); ++x) n += image.mask(x, y) != truth.mask(x, y);
  return n;
}

std::int64_t different_zero_weights(const CcdImage& image, const GoldenImage& truth) {
  std::int64_t n = 0;
  for (int y = 0; y < truth.mask.height(); ++y)
    for (int x = 0; x < truth.mask.width(); ++x)
      n += (image.inverse_error(x, y) == 0) != (truth.inverse_error(x, y) == 0);
  return n;
}

class tims : public testing::TestWithParam<const char*> {};

TEST_P(tims, AreThoseOfTheReference) {
  BRICKLINE_NEEDS_DATA(std::filesystem::path("golden") / GetParam());
  const test::GoldenCase test_case(GetParam());
  CameraRegistry cameras = test::built_cameras();
  fits::FitsReader golden(test_case.golden / "stages/tims-images.fits.fz");

  int count = 0;
  for (const CcdRow& row : test_case.ccds) {
    SCOPED_TRACE(row.image_filename + " " + row.ccdname);
    const std::optional<CcdImage> read =
        read_ccd_image(cameras.load(row.camera), test_case.input(row), test_case.options);
    if (!read) continue;
    const CcdImage& image = *read;
    ASSERT_TRUE(golden.find_hdu("DATA" + std::to_string(count))) << "the reference has no such image";
    const GoldenImage truth(golden, count++);

    ASSERT_EQ(image.expnum, truth.number("EXPNUM"));
    ASSERT_EQ(image.ccdname, truth.header.require_text("CCDNAME"));
    EXPECT_EQ(image.name + " " + image.band, truth.header.require_text("NAME"));
    const int x0 = static_cast<int>(truth.number("X0")), y0 = static_cast<int>(truth.number("Y0"));
    ASSERT_EQ(image.extent, (Box{x0, x0 + truth.data.width(), y0, y0 + truth.data.height()}));
    ASSERT_EQ(image.data.width(), truth.data.width());
    ASSERT_EQ(image.data.height(), truth.data.height());

    EXPECT_EQ(different_mask_pixels(image, truth), 0);
    EXPECT_EQ(different_zero_weights(image, truth), 0);
    const double sig1 = truth.number("SIG1");
    EXPECT_LE(largest_difference(image.data, truth.data, sig1), 1e-5);
    EXPECT_LE(largest_difference(image.inverse_error, truth.inverse_error, 1 / sig1), 1e-5);

    const auto corners = image.wcs.corners();  // (0,0), (W-1,0), (W-1,H-1), (0,H-1)
    for (int c = 0; c < 4; ++c) {
      EXPECT_NEAR(corners[c].ra, truth.number(("CRA" + std::to_string(c)).c_str()), 1e-9);
      EXPECT_NEAR(corners[c].dec, truth.number(("CDEC" + std::to_string(c)).c_str()), 1e-9);
    }

    const Image<float> stamp = image.psf.stamp(image.extent.width() / 2, image.extent.height() / 2);
    ASSERT_EQ(stamp.width(), truth.psf.width());
    ASSERT_EQ(stamp.height(), truth.psf.height());
    EXPECT_LE(largest_difference(stamp, truth.psf, 1), 1e-6);

    EXPECT_NEAR(image.sig1, sig1, 1e-7 * sig1);
    // The reference takes a single-precision logarithm of the exposure time, which its vector library rounds
    // up to one unit in the last place wrongly: 6e-7 of the scale.
    EXPECT_NEAR(image.zpscale, truth.number("ZPSCALE"), 1e-6 * truth.number("ZPSCALE"));
    EXPECT_NEAR(image.psf_fwhm, truth.number("PSFFWHM"), 1e-12);
    EXPECT_NEAR(image.psfnorm, truth.number("PSFNORM"), 1e-5 * truth.number("PSFNORM"));
    EXPECT_NEAR(image.galnorm, truth.number("GALNORM"), 1e-4 * truth.number("GALNORM"));
    EXPECT_NEAR(image.sky_median, truth.number("MIDSKY"), 2e-6 * truth.number("MIDSKY"));
  }
  EXPECT_GT(count, 0);
  EXPECT_FALSE(golden.find_hdu("DATA" + std::to_string(count))) << "the reference has more images";
}

INSTANTIATE_TEST_SUITE_P(, tims,
                         testing::Values("testcase3", "testcase4", "testcase6", "testcase7", "testcase9",
                                         "mzlsbass2", "sim300"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace brickline
