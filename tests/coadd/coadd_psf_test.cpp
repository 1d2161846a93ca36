#include "core/coadd/coadd_psf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace brickline {
namespace {

CcdImage image_with_gaussian(double sigma_pixels, double pixel_scale, double sig1, int size = 41) {
  Image<float> stamp(size, size);
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x)
      stamp(x, y) = static_cast<float>(std::exp(
          -0.5 * (std::pow(x - size / 2, 2) + std::pow(y - size / 2, 2)) / (sigma_pixels * sigma_pixels)));
  CcdImage image;
  image.data = Image<float>(100, 80);
  image.sig1 = sig1;
  image.pixel_scale_arcsec = pixel_scale;
  image.psf = Psf({stamp}, {}, 2.35 * sigma_pixels);
  return image;
}

struct Moments {
  double sum = 0, x = 0, y = 0, variance = 0;
};
Moments moments(const Image<float>& image) {
  Moments m;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) {
      m.sum += image(x, y);
      m.x += image(x, y) * x;
      m.y += image(x, y) * y;
    }
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x)
      m.variance += image(x, y) * (std::pow(x - m.x, 2) + std::pow(y - m.y, 2)) / 2;
  return m;
}

TEST(CoaddPsf, OnePsfKeepsItsSizeOnTheSkyAndItsCentre) {
  const CcdImage image = image_with_gaussian(2.5, 0.4, 0.01);
  const std::vector<const CcdImage*> list = {&image};
  const Image<float> psf = coadded_psf(list, 0.25);
  // ceil(41 * 1.6) = 66, the next odd size.
  EXPECT_EQ(psf.width(), 67);
  EXPECT_EQ(psf.height(), 67);
  const Moments m = moments(psf);
  EXPECT_NEAR(m.sum, 1, 1e-5);
  EXPECT_NEAR(m.x, 33, 1e-3);
  EXPECT_NEAR(m.y, 33, 1e-3);
  EXPECT_NEAR(std::sqrt(m.variance) * 0.25, 2.5 * 0.4, 2e-3);
}

TEST(CoaddPsf, ImagesCountByTheirNoise) {
  const CcdImage sharp = image_with_gaussian(1.5, 0.25, 0.01), wide = image_with_gaussian(3, 0.25, 0.02, 51);
  const std::vector<const CcdImage*> list = {&sharp, &wide};
  const Image<float> psf = coadded_psf(list, 0.25);
  EXPECT_EQ(psf.width(), 51);
  // Variances add up with the weights 4 : 1.
  EXPECT_NEAR(moments(psf).variance, (4 * 1.5 * 1.5 + 3 * 3) / 5, 1e-2);
}

TEST(CoaddPsf, WithoutImagesThereIsNone) { EXPECT_TRUE(coadded_psf({}, 0.262).empty()); }

}  // namespace
}  // namespace brickline
