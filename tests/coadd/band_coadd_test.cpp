#include "core/coadd/band_coadd.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/coadd/coadd_stage.h"
#include "core/coadd/model_images.h"

namespace brickline {
namespace {

constexpr double kPixel = 0.262 / 3600;

Wcs grid(int size, double pixel = kPixel, double ra = 150, double dec = 2) {
  return Wcs::tangent(ra, dec, (size - 1) / 2.0, (size - 1) / 2.0, {-pixel, 0, 0, pixel}, size, size);
}

Image<float> gaussian_stamp(double sigma, int size = 31) {
  Image<float> stamp(size, size);
  double sum = 0;
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x)
      sum += stamp(x, y) = static_cast<float>(
          std::exp(-0.5 * (std::pow(x - size / 2, 2) + std::pow(y - size / 2, 2)) / (sigma * sigma)));
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) stamp(x, y) = static_cast<float>(stamp(x, y) / sum);
  return stamp;
}

// An image of one value, as large as the brick and more.
CcdImage flat_image(float value, float inverse_error, int size = 80, double pixel = kPixel) {
  CcdImage image;
  image.band = "r";
  image.data = Image<float>(size, size, value);
  image.inverse_error = Image<float>(size, size, inverse_error);
  image.mask = Image<std::uint16_t>(size, size);
  image.wcs = image.full_wcs = grid(size, pixel);
  image.extent = image.data.box();
  image.sig1 = 1 / inverse_error;
  image.psfnorm = 0.15;
  image.galnorm = 0.1;
  image.mjd_tai = 58000;
  image.psf = Psf({gaussian_stamp(2)}, {}, 4.7);
  return image;
}

BandCoadd stack(const std::vector<CcdImage>& images, const CoaddOptions& options = {}) {
  BandCoadder coadder(grid(40), "r", false, options);
  for (const CcdImage& image : images) EXPECT_TRUE(coadder.add(image));
  return coadder.finish();
}

TEST(BandCoadd, ImagesAreWeightedByTheirInverseVariances) {
  const BandCoadd c = stack({flat_image(1, 10), flat_image(4, 20)});
  EXPECT_NEAR(c.image(20, 20), (100 * 1 + 400 * 4) / 500.0, 1e-5);
  EXPECT_NEAR(c.invvar(20, 20), 500, 1e-2);
  EXPECT_EQ(c.nexp(20, 20), 2);
  EXPECT_NEAR(c.depth(20, 20), std::pow(0.15 * 10, 2) + std::pow(0.15 * 20, 2), 1e-4);
  EXPECT_NEAR(c.galdepth(20, 20), std::pow(0.1 * 10, 2) + std::pow(0.1 * 20, 2), 1e-4);
}

TEST(BandCoadd, SurfaceBrightnessSurvivesAChangeOfPixels) {
  // Pixels of twice the size hold four times the light.
  const BandCoadd c = stack({flat_image(4, 10, 40, 2 * kPixel)});
  EXPECT_NEAR(c.image(20, 20), 1, 1e-5);
  EXPECT_NEAR(c.invvar(20, 20), 100 * 16, 0.1);
  CoaddOptions as_it_is;
  as_it_is.surface_brightness = false;
  EXPECT_NEAR(stack({flat_image(4, 10, 40, 2 * kPixel)}, as_it_is).image(20, 20), 4, 1e-5);
}

TEST(BandCoadd, MaskedPixelsHaveNoWeightAndDoNotSpread) {
  CcdImage image = flat_image(1, 10);
  image.data(40, 40) = 1e6f;  // brick pixel (20, 20)
  image.inverse_error(40, 40) = 0;
  image.mask(40, 40) = mask_bit::kCr;
  const BandCoadd c = stack({image, flat_image(3, 10)});
  EXPECT_NEAR(c.image(20, 20), 3, 1e-5);  // of the other image alone
  EXPECT_NEAR(c.image(22, 20), 2, 1e-5);  // the neighbours do not see it
  EXPECT_EQ(c.nexp(20, 20), 1);
  EXPECT_EQ(c.nobs(20, 20), 2);
  EXPECT_EQ(c.anymask(20, 20), mask_bit::kCr);
  EXPECT_EQ(c.allmask(20, 20), 0);
}

TEST(BandCoadd, WhereAllIsMaskedTheImageIsThePlainMean) {
  CcdImage saturated = flat_image(5, 10), interpolated = flat_image(2, 10), bad = flat_image(70, 10);
  for (CcdImage* image : {&saturated, &interpolated, &bad}) image->inverse_error(40, 40) = 0;
  saturated.mask(40, 40) = mask_bit::kSatur;
  interpolated.mask(40, 40) = mask_bit::kInterp | mask_bit::kSatur;
  bad.mask(40, 40) = mask_bit::kBadpix;
  const BandCoadd c = stack({saturated, interpolated, bad});
  EXPECT_EQ(c.invvar(20, 20), 0);
  EXPECT_FLOAT_EQ(c.image(20, 20), 10);  // saturated pixels count as 10 nanomaggies, bad ones not at all
  EXPECT_EQ(c.allmask(20, 20), 0);
  EXPECT_EQ(c.anymask(20, 20), mask_bit::kSatur | mask_bit::kInterp | mask_bit::kBadpix);
  EXPECT_EQ(c.depth(20, 20), 0);
  EXPECT_GT(c.psfsize(20, 20), 0);  // the size of the PSF does not depend on masks
}

TEST(BandCoadd, PsfsizeIsTheFwhmOfAGaussian) {
  const double sigma = 2;
  CcdImage image = flat_image(0, 1);
  double squares = 0;
  const Image<float> stamp = gaussian_stamp(sigma);
  for (int y = 0; y < stamp.height(); ++y)
    for (int x = 0; x < stamp.width(); ++x) squares += std::pow(stamp(x, y), 2);
  image.psfnorm = std::sqrt(squares);
  const BandCoadd c = stack({image});
  EXPECT_NEAR(c.psfsize(5, 5), 2.354820 * sigma * 0.262, 1e-3);
}

TEST(BandCoadd, WhatNoImageCoversIsZero) {
  CcdImage small = flat_image(1, 10, 20);
  const BandCoadd c = stack({small});
  EXPECT_EQ(c.nobs(2, 2), 0);
  EXPECT_EQ(c.image(2, 2), 0);
  EXPECT_EQ(c.invvar(2, 2), 0);
  EXPECT_EQ(c.allmask(2, 2), 0);
  EXPECT_EQ(c.psfsize(2, 2), 0);
  CcdImage elsewhere = flat_image(1, 10);
  elsewhere.wcs = grid(80, kPixel, 151);
  BandCoadder coadder(grid(40), "r", false);
  EXPECT_FALSE(coadder.add(elsewhere));
  EXPECT_EQ(coadder.finish().images, 0);
}

TEST(BandCoadd, ModelsAreStackedLikeImages) {
  const CcdImage image = flat_image(3, 10);
  const ModelImages models{Image<float>(80, 80, 1), Image<float>(80, 80, 0.5f), {}};
  BandCoadder coadder(grid(40), "r", true);
  EXPECT_TRUE(coadder.add(image, &models));
  EXPECT_TRUE(coadder.add(image, &models));
  EXPECT_THROW(coadder.add(image), Error);
  const BandCoadd c = coadder.finish();
  EXPECT_NEAR(c.model(20, 20), 1, 1e-5);
  EXPECT_NEAR(c.blobmodel(20, 20), 0.5, 1e-5);
  EXPECT_NEAR(c.residual(20, 20), 2, 1e-5);
  EXPECT_NEAR(c.blob_residual(20, 20), 2.5, 1e-5);
  EXPECT_NEAR(c.chi2(20, 20), 2 * 100 * 4, 1e-2);
}

TEST(BandCoadd, TimesAreThoseOfCoveringImages) {
  CcdImage first = flat_image(1, 10), last = flat_image(1, 10, 20);
  last.mjd_tai = 58100;
  ObservationTimes times({{20, 20}, {2, 2}, {-1, 5}}, 40, 40);
  BandCoadder coadder(grid(40), "r", false);
  coadder.add(last, nullptr, &times);
  coadder.add(first, nullptr, &times);
  EXPECT_EQ(times.ranges()[0].first, 58000);
  EXPECT_EQ(times.ranges()[0].last, 58100);
  EXPECT_EQ(times.ranges()[1].last, 58000);
  EXPECT_EQ(times.ranges()[2].first, 0);
}

// ---- models on images ----

Scene scene_of(const std::vector<std::optional<SourceModel>>& models, const std::vector<std::int32_t>& blobs,
               const Image<std::int32_t>& map) {
  return Scene{models, blobs, {}, map.view()};
}

TEST(ModelImages, LightOutsideTheBlobIsLeftOutOfTheBlobModel) {
  const CcdImage image = flat_image(0, 10);
  SourceModel star;
  star.ra = 150;
  star.dec = 2;
  star.flux = {7, 100};
  const std::vector<std::optional<SourceModel>> models = {star, std::nullopt};
  const std::vector<std::int32_t> blobs = {3, 3};
  Image<std::int32_t> map(40, 40, -1);
  for (int y = 0; y < 40; ++y)
    for (int x = 20; x < 40; ++x) map(x, y) = 3;  // the right half
  Renderer renderer;
  const ModelImages m = render_models(image, grid(40), scene_of(models, blobs, map), 1, renderer);
  double total = 0, inside = 0;
  for (int y = 0; y < 80; ++y)
    for (int x = 0; x < 80; ++x) {
      total += m.model(x, y);
      inside += m.blob_model(x, y);
      if (x < 40) {
        EXPECT_EQ(m.blob_model(x, y), 0);
      }
    }
  EXPECT_NEAR(total, 100, 0.1);
  EXPECT_NEAR(inside, 50, 0.5);
  // A Gaussian spreads its light over 4 pi sigma^2 pixels.
  EXPECT_NEAR(m.footprints[0].nea, 4 * M_PI * 4, 0.5);
  EXPECT_NEAR(m.footprints[0].masked_nea, 2 * 4 * M_PI * 4, 1);
  EXPECT_NEAR(m.footprints[0].fraction_in, 1, 1e-3);
  EXPECT_EQ(m.footprints[1].nea, 0);
}

TEST(ModelImages, AFrozenGalaxyIsDrawnOnce) {
  const CcdImage image = flat_image(0, 10);
  SourceModel galaxy;
  galaxy.kind = SourceKind::kExp;
  galaxy.ra = 150;
  galaxy.dec = 2;
  galaxy.flux = {50};
  galaxy.shape = to_softened({1.0, 0, 0});
  const std::vector<std::optional<SourceModel>> models = {galaxy};
  const std::vector<std::int32_t> blobs = {0};
  const Image<std::int32_t> map(40, 40, 0);
  Scene scene = scene_of(models, blobs, map);
  const std::vector<Scene::Frozen> frozen = {{galaxy, {0}, std::size_t{0}}};
  Renderer renderer;
  const ModelImages once = render_models(image, grid(40), scene, 0, renderer);
  scene.frozen = frozen;
  const ModelImages still_once = render_models(image, grid(40), scene, 0, renderer);
  EXPECT_NEAR(still_once.model(40, 40), once.model(40, 40), 1e-6);
  EXPECT_NEAR(still_once.blob_model(40, 40), once.blob_model(40, 40), 1e-6);
}

TEST(Nea, ImagesAreWeightedByDepth) {
  NeaAccumulator nea(2);
  const std::vector<SourceFootprint> narrow = {{10, 20, 1}, {}}, wide = {{40, 0, 1}, {}};
  nea.add(narrow, 0.1, 0.5);
  nea.add(wide, 0.2, 0.5);
  // (100 + 25)/(100/10 + 25/40) pixels of 0.25 arcsec^2
  EXPECT_NEAR(nea.nea(0), 125 / (10 + 0.625) * 0.25, 1e-5);
  EXPECT_EQ(nea.nea(1), 0);
  EXPECT_NEAR(nea.blob_nea(0, 2, 2.3548f), 2 * 4 * M_PI / (100.0 / 20), 1e-4);
  EXPECT_EQ(nea.blob_nea(1, 2, 1), 0);
}

}  // namespace
}  // namespace brickline
