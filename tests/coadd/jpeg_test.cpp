#include "core/coadd/jpeg.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "tests/support/data.h"
#include "tests/support/jpeg_pixels.h"

namespace brickline {
namespace {

TEST(Jpeg, TheFirstRowIsTheBottomOfThePicture) {
  RgbPlanes p{Image<float>(16, 32), Image<float>(16, 32), Image<float>(16, 32)};
  for (int y = 0; y < 16; ++y)
    for (int x = 0; x < 16; ++x) p.red(x, y) = 1;
  const test::JpegPixels jpeg = test::decode_jpeg(encode_jpeg(p));
  EXPECT_EQ(jpeg.width, 16);
  EXPECT_EQ(jpeg.height, 32);
  EXPECT_GT(jpeg.at(8, 28, 0), 240);
  EXPECT_LT(jpeg.at(8, 28, 2), 15);
  EXPECT_LT(jpeg.at(8, 4, 0), 15);
}

TEST(Jpeg, GreyPicturesSpanBlackToWhite) {
  Image<float> grey(32, 16);
  for (int y = 0; y < 16; ++y)
    for (int x = 0; x < 32; ++x) grey(x, y) = x < 16 ? -3.0f : 5.0f;
  const test::JpegPixels jpeg = test::decode_jpeg(encode_grey_jpeg(grey.view()));
  EXPECT_EQ(jpeg.components, 1);
  EXPECT_LE(jpeg.at(4, 8), 2);
  EXPECT_GE(jpeg.at(28, 8), 253);
  // A flat picture is a picture too.
  EXPECT_EQ(test::decode_jpeg(encode_grey_jpeg(Image<float>(8, 8, 2.0f).view())).at(3, 3), 0);
}

TEST(Jpeg, RefusesPicturesThatTheFormatCannotHold) {
  EXPECT_THROW(encode_grey_jpeg(Image<float>(0, 0).view()), Error);
  EXPECT_THROW(encode_grey_jpeg(Image<float>(70000, 1).view()), Error);
}

// The published picture of real coadds, remade from their FITS files (which are rounded to 1e-4 nanomaggies).
TEST(Jpeg, RemakesTheReferencesPicture) {
  BRICKLINE_NEEDS_DATA("golden/testcase6");
  const auto dir = test::data_dir() / "golden/testcase6/products/coadd/110/1102p240";
  const std::vector<std::string> bands = {"g", "r", "z"};
  std::vector<Image<float>> images;
  for (const std::string& band : bands)
    images.push_back(
        fits::FitsReader(dir / ("legacysurvey-1102p240-image-" + band + ".fits.fz")).image<float>(1));
  const std::vector<ImageView<const float>> views = {images[0].view(), images[1].view(), images[2].view()};
  const auto ours = test::decode_jpeg(encode_jpeg(rgb_picture(views, bands, PictureKind::kImage)));
  const auto theirs = test::decode_jpeg(test::file_bytes(dir / "legacysurvey-1102p240-image.jpg"));
  ASSERT_EQ(ours.bytes.size(), theirs.bytes.size());
  double sum = 0;
  for (std::size_t i = 0; i < ours.bytes.size(); ++i)
    sum += std::abs(int{ours.bytes[i]} - int{theirs.bytes[i]});
  EXPECT_LT(sum / static_cast<double>(ours.bytes.size()), 0.1);
}

}  // namespace
}  // namespace brickline
