#include "core/detect/residual_sky.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/detect/morphology.h"

namespace brickline {
namespace {

// A blob of 44 x 44 of 60 x 60 pixels; the sky is 0.002 beyond 6 pixels from it, and there is 0.001 of its wings nearer.
constexpr int kSize = 60;
constexpr float kInverseError = 100;

// On the pixels of its brick.
CcdImage image_of_sky() {
  constexpr double kPixel = 0.262 / 3600;
  CcdImage image;
  image.band = "r";
  image.wcs = Wcs::tangent(150, 2, 29.5, 29.5, {-kPixel, 0, 0, kPixel}, kSize, kSize);
  image.data = Image<float>(kSize, kSize);
  image.inverse_error = Image<float>(kSize, kSize, kInverseError);
  image.mask = Image<std::uint16_t>(kSize, kSize);
  return image;
}

double sky_of(const CcdImage& image, const Image<std::int32_t>& labels, const BlankPixels& blank) {
  const std::vector<std::string> bands{"r"};
  return residual_sky({&image, 1}, image.wcs, bands, labels.const_view(), blank).at(0).value();
}

TEST(ResidualSky, WingsNearBlobsAreNoSky) {
  constexpr int kEdge = 8, kReach = 6;
  CcdImage image = image_of_sky();
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
  EXPECT_NEAR(sky_of(image, labels, {}), 0.003, 1e-6);
  EXPECT_NEAR(sky_of(image, labels, {.margins = {{kReach, 100}}}), 0.002, 1e-6);
  // Where too few are left the next distance counts, and beyond the last all.
  EXPECT_NEAR(sky_of(image, labels, {.margins = {{kReach + 1, 1000}, {kReach, 100}}}), 0.002, 1e-6);
  EXPECT_NEAR(sky_of(image, labels, {.margins = {{kReach, kSize * kSize}}}), 0.003, 1e-6);
}

// Noise of few photons, as of a third of the pixels twice as far above the sky as the others are below; and what a mask
// has missed.
TEST(ResidualSky, TheMeanIsWhereTheMedianOfSkewedNoiseIsNot) {
  constexpr float kSky = 0.002F, kSigma = 1 / kInverseError;
  CcdImage image = image_of_sky();
  const Image<std::int32_t> labels(kSize, kSize, -1);
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x) image.data(x, y) = kSky + (x % 3 == 0 ? 1.0F : -0.5F) * kSigma;
  EXPECT_NEAR(sky_of(image, labels, {}), kSky - 0.5 * kSigma, 1e-6);
  EXPECT_NEAR(sky_of(image, labels, {.mean_within = 4}), kSky, 1e-6);
  for (int k = 0; k < 3; ++k) image.data(10 + k, 20) = 100 * kSigma;
  EXPECT_NEAR(sky_of(image, labels, {.mean_within = 4}), kSky, 1e-6);
  // Not where no margin could be kept: it would know more of wings.
  EXPECT_NEAR(sky_of(image, labels, {.margins = {{1, kSize * kSize + 1}}, .mean_within = 4}),
              kSky - 0.5 * kSigma, 1e-6);
}

}  // namespace
}  // namespace brickline
