#include "core/coadd/jpeg.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
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
  const test::JpegPixels jpeg = test::decode_jpeg(encode_grey_jpeg(stretch_grey(grey.view()).view()));
  EXPECT_EQ(jpeg.components, 1);
  EXPECT_LE(jpeg.at(4, 8), 2);
  EXPECT_GE(jpeg.at(28, 8), 253);
  // A flat picture is a picture too.
  EXPECT_EQ(
      test::decode_jpeg(encode_grey_jpeg(stretch_grey(Image<float>(8, 8, 2.0f).view()).view())).at(3, 3), 0);
}

TEST(Jpeg, RefusesPicturesThatTheFormatCannotHold) {
  EXPECT_THROW(encode_grey_jpeg(Image<float>(0, 0).view()), Error);
  EXPECT_THROW(encode_grey_jpeg(Image<float>(70000, 1).view()), Error);
}

}  // namespace
}  // namespace brickline
