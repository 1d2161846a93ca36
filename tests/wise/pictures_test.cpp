#include "core/wise/pictures.h"

#include <gtest/gtest.h>

namespace brickline {
namespace {

TEST(WisePicture, HasTheReferencesBytes) {
  struct Case {
    float w1, w2;
    int red, green, blue;
  };
  const Case cases[] = {{0, 0, 36, 36, 36},
                        {10, 20, 52, 48, 44},
                        {100, 50, 69, 85, 102},
                        {1000, 1500, 230, 197, 165},
                        {-50, -30, 13, 6, 0}};
  for (const Case& c : cases) {
    const Image<float> w1(1, 1, c.w1), w2(1, 1, c.w2);
    const RgbPlanes p = wise_picture(w1.view(), w2.view());
    EXPECT_EQ(static_cast<int>(255 * p.red(0, 0)), c.red) << c.w1;
    EXPECT_EQ(static_cast<int>(255 * p.green(0, 0)), c.green) << c.w1;
    EXPECT_EQ(static_cast<int>(255 * p.blue(0, 0)), c.blue) << c.w1;
  }
}

TEST(GalexPicture, DarkSkyIsDarkAndFiniteAndColoursAreInOrder) {
  const Image<float> nothing(1, 1, 0), some(1, 1, 5);
  const RgbPlanes dark = galex_picture(nothing.view(), nothing.view());
  EXPECT_FLOAT_EQ(dark.red(0, 0), 0.1f / 1.1f);
  const RgbPlanes red = galex_picture(some.view(), nothing.view());
  EXPECT_GT(red.red(0, 0), red.blue(0, 0));
  const RgbPlanes blue = galex_picture(nothing.view(), some.view());
  EXPECT_GT(blue.blue(0, 0), blue.red(0, 0));
}

}  // namespace
}  // namespace brickline
