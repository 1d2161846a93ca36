#include "core/detect/residual_sky.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/detect/morphology.h"

namespace brickline {
namespace {

// A blob of 44 x 44 of 60 x 60 pixels; the sky is 0.002 beyond 6 pixels from it, and there is 0.001 of its wings nearer.
TEST(ResidualSky, WingsNearBlobsAreNoSky) {
  constexpr int kSize = 60, kEdge = 8, kReach = 6;
  constexpr double kPixel = 0.262 / 3600;
  CcdImage image;
  image.band = "r";
  image.wcs = Wcs::tangent(150, 2, 29.5, 29.5, {-kPixel, 0, 0, kPixel}, kSize, kSize);
  image.data = Image<float>(kSize, kSize);
  image.inverse_error = Image<float>(kSize, kSize, 100.0F);
  image.mask = Image<std::uint16_t>(kSize, kSize);
  Image<std::int32_t> labels(kSize, kSize, -1);
  Image<std::uint8_t> blob(kSize, kSize);
  for (int y = kEdge; y < kSize - kEdge; ++y)
    for (int x = kEdge; x < kSize - kEdge; ++x) {
      labels(x, y) = 0;
      blob(x, y) = 1;
    }
  const Image<std::uint8_t> wings = dilate(blob.const_view(), kReach);
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x) image.data(x, y) = wings(x, y) ? 0.003F : 0.002F;
  const std::vector<std::string> bands{"r"};
  const Wcs brick = image.wcs;
  const auto sky = [&](const BlankPixels& blank) {
    return residual_sky({&image, 1}, brick, bands, labels.const_view(), blank).at(0).value();
  };
  EXPECT_NEAR(sky({}), 0.003, 1e-6);
  EXPECT_NEAR(sky({.margin_pixels = kReach, .least_pixels = 100}), 0.002, 1e-6);
  // Too few are left at any distance: all count.
  EXPECT_NEAR(sky({.margin_pixels = kReach, .least_pixels = kSize * kSize}), 0.003, 1e-6);
}

}  // namespace
}  // namespace brickline
