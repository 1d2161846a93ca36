// Joint fits beside bright stars: what is looked for there, what it may be, and what halos leave.
#include <gtest/gtest.h>
#include <tbb/global_control.h>

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
  const BlobMap* all_blobs = nullptr;
  std::vector<MaskedStar> masked;

  FittedCatalog fit(const SyntheticSky& sky, const BlobFitHooks& hooks = {}) const {
    BlobFitInput input = test::fit_input(sky, blobs, sources);
    input.reference_mask = mask.view();
    input.all_blobs = all_blobs;
    input.masked_stars = masked;
    BlobFitOptions options;
    options.joint = true;
    return fit_blobs(input, options, hooks);
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

// One blob, of all pixels; the galaxy is known or not.
Setting one_blob(const SyntheticSky& sky, double galaxy_at = 0) {
  Setting out;
  out.sources = {star_of(sky)};
  if (galaxy_at > 0)
    out.sources.push_back(test::point_at(sky, static_cast<int>(std::lround(kStarX + galaxy_at)), 111, 10));
  out.blobs = make_blobs(Image<std::uint8_t>(260, 220, 1).const_view(), out.sources);
  out.mask = Image<std::uint8_t>(260, 220, refbit::kBright | refbit::kMedium);
  return out;
}

// Keeps the steps of a fit.
class Steps : public BlobMemory {
 public:
  Kept recall(int, int) override { return {{}, known}; }
  void keep_step(int, int, const SourceState& after) override { told.push_back(after); }
  void keep(const BlobResult&) override {}
  void interrupted() override {}
  std::vector<SourceState> known, told;
};

// Detection does not see what lies on the slope of a star.
TEST(BrightStar, AGalaxyOnItsSlopeIsFoundAndIsAGalaxy) {
  const SyntheticSky sky = star_and_galaxy(19);
  const Setting setting = one_blob(sky);
  Steps steps;
  BlobFitHooks hooks;
  hooks.memory = &steps;
  const FittedCatalog catalog = setting.fit(sky, hooks);
  EXPECT_EQ(catalog.sources.size(), 2U);
  const FittedSource* galaxy = galaxy_of(sky, catalog);
  ASSERT_TRUE(galaxy);
  EXPECT_EQ(galaxy->model.kind, kExp);
  EXPECT_EQ(galaxy->fit_bits & (fitbit::kForcedPointsource | fitbit::kFitBackground), 0);
  expect_true_fluxes(sky, *galaxy);
  // It is found again by one that goes on from half of the steps, and by one thread.
  Steps again;
  again.known.assign(steps.told.begin(),
                     steps.told.begin() + static_cast<std::ptrdiff_t>(steps.told.size() / 2));
  hooks.memory = &again;
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  EXPECT_EQ(test::bytes_of(setting.fit(sky, hooks)), test::bytes_of(catalog));
  EXPECT_LT(again.told.size(), steps.told.size());
}

// Wings of a PSF that are known to a tenth make a star's model that is off by more than the noise: all is as it would be
// without one.
TEST(BrightStar, NothingIsMadeOfWhatAPoorModelLeaves) {
  SyntheticSky sky = star_and_galaxy(19);
  for (CcdImage& image : sky.images) {
    Image<float> stamp = moffat_stamp(image.psf_fwhm);
    for (int y = 0; y < stamp.height(); ++y)
      for (int x = 0; x < stamp.width(); ++x)
        if (std::hypot(x - stamp.width() / 2, y - stamp.height() / 2) > 6) stamp(x, y) *= 0.9F;
    image.psf = Psf({std::move(stamp)}, {}, image.psf_fwhm);
  }
  EXPECT_EQ(one_blob(sky).fit(sky).sources.size(), 1U);
  const FittedCatalog with = one_blob(sky, 19).fit(sky);
  EXPECT_EQ(with.sources.size(), 2U);
  const FittedSource* galaxy = galaxy_of(sky, with);
  ASSERT_TRUE(galaxy);
  EXPECT_TRUE(galaxy->fit_bits & fitbit::kFitBackground);
  EXPECT_EQ(galaxy->model.kind, kPsf);
}

// Two blobs: the star and the galaxy 13 arcsec from it, whose blob goes on to the other side of the star, if it `is_long`.
Setting two_blobs(const SyntheticSky& sky, bool is_long = false) {
  Setting out;
  Image<std::uint8_t> hot(260, 220);
  for (int y = 0; y < hot.height(); ++y)
    for (int x = 0; x < hot.width(); ++x)
      hot(x, y) = std::hypot(x - kStarX, y - kStarY) < 32 || std::hypot(x - kStarX - 50, y - kStarY) < 15 ||
                  (is_long && (y > 205 || (y > kStarY && std::abs(x - kStarX - 50) < 3)));
  out.sources = {star_of(sky), test::point_at(sky, 170, 111, 10)};
  out.blobs = make_blobs(hot.const_view(), out.sources);
  return out;
}

TEST(BrightStar, WhatItsHaloLeavesIsMeasuredWhereNoBlobIs) {
  const SyntheticSky sky = star_and_galaxy(50, -0.01);
  const Setting setting = two_blobs(sky);
  const HaloRests rests(sky.images, sky.brick, setting.blobs, {}, setting.sources);
  ASSERT_EQ(rests.stars().size(), 1U);
  EXPECT_NEAR(rests.known(0, 0)->from, 32 * 0.262, 1.6);
  const CcdImage& image = sky.images[0];
  Image<float> left(image.data);
  rests.take_off(0, image.data.box(), left);
  double sum = 0, square = 0;
  int count = 0;
  for (int y = 0; y < left.height(); ++y)
    for (int x = 0; x < left.width(); ++x) {
      const double r = from_star(sky, image, x, y);
      if (r < 20) {
        EXPECT_EQ(left(x, y), image.data(x, y)) << x << " " << y;  // the star's own model stands for it
      }
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

// How the galaxy of two blobs is fitted.
int background_of(const SyntheticSky& sky, const Setting& setting) {
  const FittedCatalog catalog = setting.fit(sky);
  const FittedSource* galaxy = galaxy_of(sky, catalog);
  return galaxy ? galaxy->fit_bits & fitbit::kFitBackground : -1;
}

// An image that ends elsewhere near the star, or has no pixel there, says nothing of the other side; one that has a pixel
// there and too few others says that it is not known.
TEST(BrightStar, ImagesThatDoNotReachThePlaceAreNotAsked) {
  SyntheticSky sky = star_and_galaxy(50, -0.01);
  Setting setting = two_blobs(sky, true);
  setting.mask = Image<std::uint8_t>(260, 220, refbit::kBright | refbit::kMedium);
  const auto cut = [](CcdImage& image, const Box& box) {
    image.data = crop(image.data, box);
    image.inverse_error = crop(image.inverse_error, box);
    if (!image.mask.empty()) image.mask = crop(image.mask, box);
    image.wcs = image.wcs.sub_image(box);
  };
  cut(sky.images[0], {0, 70, 0, 220});
  sky.images[2].inverse_error = Image<float>(sky.images[2].data.width(), sky.images[2].data.height(), 0);
  const HaloRests rests(sky.images, sky.brick, setting.blobs, {}, setting.sources);
  EXPECT_FALSE(rests.known(2, 0));
  EXPECT_FALSE(rests.known(0, 0)->from < 13.5 && rests.known(0, 0)->to > 12.5);
  EXPECT_EQ(background_of(sky, setting), 0);
  cut(sky.images[4], {155, 195, 95, 135});
  EXPECT_EQ(background_of(sky, setting), fitbit::kFitBackground);
}

TEST(BrightStar, EveryStarInWhoseMaskAPlaceIsCounts) {
  const SyntheticSky sky = star_and_galaxy(50, -0.01);
  Setting setting = two_blobs(sky);
  setting.mask = Image<std::uint8_t>(260, 220, refbit::kBright | refbit::kMedium);
  const SkyPosition at = sky.brick.pixel_to_sky(200, 150);
  setting.masked = {{sky.truth[0].ra, sky.truth[0].dec, 20, 0}, {at.ra, at.dec, 10, -1}};
  EXPECT_EQ(background_of(sky, setting), 0);
  setting.masked[1].radius = 20;  // one that is not fitted
  EXPECT_EQ(background_of(sky, setting), fitbit::kFitBackground);
}

// Levels are those of the whole brick, whichever blobs are fitted.
TEST(BrightStar, AGalaxyFittedByItselfIsTheSame) {
  const SyntheticSky sky = star_and_galaxy(50, -0.01);
  const Setting whole = two_blobs(sky);
  Setting part = two_blobs(sky);
  const FittedCatalog all = whole.fit(sky);
  part.all_blobs = &whole.blobs;
  keep_blobs(part.blobs, part.sources, {1});
  const FittedCatalog one = part.fit(sky);
  ASSERT_EQ(one.sources.size(), 1U);
  const FittedSource *a = galaxy_of(sky, all), *b = galaxy_of(sky, one);
  ASSERT_TRUE(a);
  ASSERT_TRUE(b);
  EXPECT_EQ(a->model.flux, b->model.flux);
  EXPECT_EQ(a->inverse_variance.flux, b->inverse_variance.flux);
}

TEST(BrightStar, PixelsThatAreBrightAreNoBlankSky) {
  const SyntheticSky sky = star_and_galaxy(50);
  const Setting setting = two_blobs(sky);
  Image<std::uint8_t> bright(260, 220);
  for (int y = 0; y < bright.height(); ++y)
    for (int x = 0; x < bright.width(); ++x) bright(x, y) = std::hypot(x - kStarX, y - kStarY) < 50;
  const HaloRests rests(sky.images, sky.brick, setting.blobs, bright.const_view(), setting.sources);
  EXPECT_GT(rests.known(0, 0)->from, 50 * 0.262 - 1.5);
}

}  // namespace
}  // namespace brickline
