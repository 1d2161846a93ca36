// Joint fits beside bright stars: what is looked for there, what it may be, and what halos leave.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/blobs/halo_rests.h"
#include "core/model/psf_kernel.h"
#include "core/survey/bits.h"
#include "tests/blobs/field.h"

namespace brickline {
namespace {

using enum SourceKind;
using test::SyntheticSky;

constexpr double kStarX = 120.3, kStarY = 110.6, kStarFlux = 10000;

Image<float> moffat_stamp(double fwhm) {
  constexpr int kSize = 63;
  constexpr double kBeta = 3;
  const double a = fwhm / 2 / std::sqrt(std::pow(2, 1 / kBeta) - 1);
  Image<float> out(kSize, kSize);
  double sum = 0;
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x)
      sum += out(x, y) = static_cast<float>(
          std::pow(1 + (std::pow(x - kSize / 2, 2) + std::pow(y - kSize / 2, 2)) / (a * a), -kBeta));
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x) out(x, y) /= static_cast<float>(sum);
  return out;
}

// Distance in pixels of the brick from the star.
double from_star(const SyntheticSky& sky, const CcdImage& image, int x, int y) {
  const SkyPosition at = image.wcs.pixel_to_sky(x, y);
  const auto p = sky.brick.sky_to_pixel(at.ra, at.dec);
  return std::hypot(p->x - kStarX, p->y - kStarY);
}

// A star with wings and a galaxy so many pixels to its right; `halo`: nanomaggies 10 arcsec from the star, as r^-2.
SyntheticSky star_and_galaxy(double distance, double halo = 0) {
  SyntheticSky sky(260, 220);
  sky.expose(2);
  sky.add(kPsf, kStarX, kStarY, {kStarFlux, kStarFlux, kStarFlux});
  sky.add(kExp, kStarX + distance, kStarY, {8, 12, 16}, {0.9, 0.1, 0.2});
  Renderer renderer;
  for (CcdImage& image : sky.images) {
    const int w = image.data.width(), h = image.data.height();
    image.psf = Psf({moffat_stamp(image.psf_fwhm)}, {}, image.psf_fwhm);
    const PsfKernel kernel(image.psf, w / 2.0, h / 2.0);
    for (const SourceModel& m : sky.truth) {
      const auto patch =
          renderer.patch(m, *image.wcs.sky_to_pixel(m.ra, m.dec), {w, h, image.wcs.cd(), &kernel});
      const std::size_t band = image.band == "g" ? 0 : image.band == "r" ? 1 : 2;
      add_patch(image.data.view(), *patch, static_cast<float>(m.flux[band]));
    }
    for (int y = 0; halo != 0 && y < h; ++y)
      for (int x = 0; x < w; ++x) {
        const double r = 0.262 * from_star(sky, image, x, y);
        if (r > 7) image.data(x, y) += static_cast<float>(halo * 100 / (r * r));
      }
  }
  return sky;
}

DetectedSource star_of(const SyntheticSky& sky) {
  DetectedSource s = test::point_at(sky, 120, 111, kStarFlux);
  s.model = sky.truth[0];
  s.reference_row = 0;
  s.reference.star = s.reference.point_source = true;
  return s;
}

struct Setting {
  SourceList sources;
  BlobMap blobs;
  Image<std::uint8_t> mask;

  FittedCatalog fit(const SyntheticSky& sky) const {
    BlobFitInput input = test::fit_input(sky, blobs, sources);
    input.reference_mask = mask.view();
    BlobFitOptions options;
    options.joint = true;
    return fit_blobs(input, options);
  }
};

const FittedSource* galaxy_of(const SyntheticSky& sky, const FittedCatalog& catalog) {
  const auto at = sky.brick.sky_to_pixel(sky.truth[1].ra, sky.truth[1].dec);
  for (const FittedSource& s : catalog.sources)
    if (std::hypot(s.x - at->x, s.y - at->y) < 2) return &s;
  return nullptr;
}

void expect_true_fluxes(const SyntheticSky& sky, const FittedSource& s) {
  for (std::size_t b = 0; b < 3; ++b)
    EXPECT_LT(std::abs(s.model.flux[b] - sky.truth[1].flux[b]) * std::sqrt(s.inverse_variance.flux[b]), 4)
        << b << ": " << s.model.flux[b];
}

// Detection does not see what lies on the slope of a star.
TEST(BrightStar, AGalaxyOnItsSlopeIsFoundAndIsAGalaxy) {
  const SyntheticSky sky = star_and_galaxy(19);
  Setting setting;
  setting.sources = {star_of(sky)};
  setting.blobs = make_blobs(Image<std::uint8_t>(260, 220, 1).const_view(), setting.sources);
  setting.mask = Image<std::uint8_t>(260, 220, refbit::kBright | refbit::kMedium);
  const FittedCatalog catalog = setting.fit(sky);
  EXPECT_EQ(catalog.sources.size(), 2U);
  const FittedSource* galaxy = galaxy_of(sky, catalog);
  ASSERT_TRUE(galaxy);
  EXPECT_EQ(galaxy->model.kind, kExp);
  EXPECT_EQ(galaxy->fit_bits & (fitbit::kForcedPointsource | fitbit::kFitBackground), 0);
  expect_true_fluxes(sky, *galaxy);
}

// Two blobs: the star and the galaxy 13 arcsec from it.
Setting two_blobs(const SyntheticSky& sky) {
  Setting out;
  Image<std::uint8_t> hot(260, 220);
  for (int y = 0; y < hot.height(); ++y)
    for (int x = 0; x < hot.width(); ++x)
      hot(x, y) = std::hypot(x - kStarX, y - kStarY) < 32 || std::hypot(x - kStarX - 50, y - kStarY) < 15;
  out.sources = {star_of(sky), test::point_at(sky, 170, 111, 10)};
  out.blobs = make_blobs(hot.const_view(), out.sources);
  return out;
}

TEST(BrightStar, WhatItsHaloLeavesIsMeasuredWhereNoBlobIs) {
  const SyntheticSky sky = star_and_galaxy(50, -0.01);
  const Setting setting = two_blobs(sky);
  const HaloRests rests(sky.images, sky.brick, setting.blobs, setting.sources);
  ASSERT_EQ(rests.stars().size(), 1U);
  EXPECT_NEAR(rests.stars()[0].known_from, 32 * 0.262, 1.6);
  const CcdImage& image = sky.images[0];
  Image<float> left(image.data);
  rests.take_off(0, image.data.box(), left);
  double sum = 0, square = 0;
  int count = 0;
  for (int y = 0; y < left.height(); ++y)
    for (int x = 0; x < left.width(); ++x) {
      const double r = from_star(sky, image, x, y);
      if (r < 20)
        EXPECT_EQ(left(x, y), image.data(x, y)) << x << " " << y;  // the star's own model stands for it
      const SkyPosition at = image.wcs.pixel_to_sky(x, y);
      const auto p = sky.brick.sky_to_pixel(at.ra, at.dec);
      if (r < 40 || r > 60 || std::hypot(p->x - kStarX - 50, p->y - kStarY) < 25) continue;
      sum += left(x, y);
      square += std::pow(left(x, y), 2);
      ++count;
    }
  EXPECT_GT(count, 3000);
  EXPECT_LT(std::abs(sum / count), 0.0006);  // of 0.006
  EXPECT_NEAR(std::sqrt(square / count), 0.01, 0.0006);
}

// A galaxy on what a halo leaves is measured as well as one on plain sky.
TEST(BrightStar, AGalaxyOnWhatItsHaloLeavesIsAsGoodAsAny) {
  const SyntheticSky sky = star_and_galaxy(50, -0.01), plain = star_and_galaxy(50);
  Setting setting = two_blobs(sky);
  const FittedCatalog without = setting.fit(plain);
  setting.mask = Image<std::uint8_t>(260, 220, refbit::kBright | refbit::kMedium);
  const FittedCatalog with = setting.fit(sky);
  const FittedSource *a = galaxy_of(plain, without), *b = galaxy_of(sky, with);
  ASSERT_TRUE(a);
  ASSERT_TRUE(b);
  EXPECT_EQ(b->model.kind, kExp);
  expect_true_fluxes(sky, *b);
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_NEAR(b->inverse_variance.flux[k] / a->inverse_variance.flux[k], 1, 0.2) << k;
}

}  // namespace
}  // namespace brickline
