// Bad numbers and impossible requests through the engine's public functions: a status for each, never a
// crash, a hang or a number made of nothing.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "core/fit/source_fitter.h"
#include "core/fit/uncertainties.h"
#include "tests/model/window_fixture.h"

namespace brickline {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// One image of one galaxy near (ra, dec), with noise.
struct Scene {
  PsfKernel psf;
  Image<float> data, inverse_error;
  Wcs wcs;
  SourceModel truth;

  explicit Scene(int size = 48, double ra = 150, double dec = 2, SourceKind kind = SourceKind::kExp)
      : psf(test::gaussian_stamp(63, 2), 2),
        data(size, size),
        inverse_error(size, size, 200.0f),
        wcs(Wcs::tangent(ra, dec, size / 2 + 0.2, size / 2 - 0.3, test::kFixtureCd, size, size)) {
    truth.kind = kind;
    truth.ra = ra;
    truth.dec = dec;
    truth.flux = {10};
    truth.shape = {std::log(0.8), 0.2, -0.1};
    if (kind == SourceKind::kRex) truth.shape = {std::log(0.8), 0, 0};
    truth.sersic_index = 2;
    std::mt19937 random(11);
    std::normal_distribution<float> noise(0, 1 / 200.0f);
    for (int y = 0; y < size; ++y)
      for (int x = 0; x < size; ++x) data(x, y) = noise(random);
    Renderer renderer;
    if (auto patch = renderer.patch(truth, *wcs.sky_to_pixel(ra, dec), {size, size, wcs.cd(), &psf}))
      add_patch(data.view(), *patch, 10);
  }
  FitImage image() const {
    FitImage f;
    f.data = data.const_view();
    f.inverse_error = inverse_error.const_view();
    f.cd = wcs.cd();
    f.local = *local_linear(wcs, truth.ra, truth.dec, LocalLinearWcs::Jacobian::kLocal);
    f.psf = &psf;
    f.mask = data.box();
    return f;
  }
  SourceModel start() const {
    SourceModel s = truth;
    s.dec += 0.1 / 3600;
    s.shape = {-1, 0, 0};
    s.sersic_index = 4;
    return s;
  }
};

bool is_finite(const FitResult& r) {
  return std::isfinite(r.ln_prob) && std::isfinite(r.model.ra) && std::isfinite(r.model.dec) &&
         std::isfinite(r.model.flux[0]) && std::isfinite(r.model.shape.log_re) &&
         std::isfinite(r.model.shape.ee1) && std::isfinite(r.model.sersic_index);
}

constexpr SourceKind kKinds[] = {SourceKind::kPsf, SourceKind::kRex, SourceKind::kExp, SourceKind::kDev,
                                 SourceKind::kSer};

TEST(Hostile, PixelsThatAreNotNumbersAreMaskedPixels) {
  Scene scene, masked;
  for (int i = 0; i < 48; ++i) {
    const float bad[] = {kNan, kInf, -kInf};
    if (i % 4 < 3)
      scene.data(i, (7 * i) % 48) = bad[i % 4];
    else
      scene.inverse_error(i, (7 * i) % 48) = i % 8 < 4 ? kNan : -3.0f;
    masked.inverse_error(i, (7 * i) % 48) = 0;
  }
  SourceFitter fitter;
  const FitImage a = scene.image(), b = masked.image();
  const FitResult found = fitter.fit(scene.start(), {&a, 1}), expected = fitter.fit(masked.start(), {&b, 1});
  EXPECT_TRUE(found.ok());
  EXPECT_EQ(found.ln_prob, expected.ln_prob);
  EXPECT_EQ(found.model.flux[0], expected.model.flux[0]);
}

TEST(Hostile, WithoutWeightsThereIsNoData) {
  Scene scene;
  scene.inverse_error.fill(0);
  const FitImage image = scene.image();
  SourceFitter fitter;
  for (const SourceKind kind : kKinds) {
    SourceModel s = scene.start();
    s.kind = kind;
    const FitResult r = fitter.fit(s, {&image, 1});
    EXPECT_EQ(r.status, FitStatus::kNoData);
    EXPECT_EQ(r.model.flux[0], s.flux[0]);
    EXPECT_EQ(inverse_variances(s, {&image, 1}).flux[0], 0);
  }
}

TEST(Hostile, APsfOfZerosSeesNothing) {
  Scene scene;
  scene.psf = PsfKernel(Image<float>(63, 63), 2);
  const FitImage image = scene.image();
  SourceFitter fitter;
  const FitResult r = fitter.fit(scene.start(), {&image, 1});
  EXPECT_EQ(r.status, FitStatus::kNoData);
  EXPECT_TRUE(is_finite(r));
}

TEST(Hostile, APsfOfNansIsAPsfOfZeros) {
  Scene scene;
  scene.psf = PsfKernel(Image<float>(63, 63, kNan), kNan);
  const FitImage image = scene.image();
  EXPECT_EQ(SourceFitter().fit(scene.start(), {&image, 1}).status, FitStatus::kNoData);
}

TEST(Hostile, ASourceFarFromEveryImageHasNoData) {
  Scene scene;
  const FitImage image = scene.image();
  for (const SourceKind kind : kKinds)
    for (const double offset : {0.01, 1.0, 40.0}) {
      SourceModel s = scene.start();
      s.kind = kind;
      s.dec += offset;
      const FitResult r = SourceFitter().fit(s, {&image, 1});
      EXPECT_TRUE(is_finite(r)) << offset;
      if (kind == SourceKind::kPsf) {
        EXPECT_EQ(r.status, FitStatus::kNoData) << offset;
      }
      const InverseVariances v = inverse_variances(s, {&image, 1});
      EXPECT_TRUE(std::isfinite(v.ra) && std::isfinite(v.re));
    }
}

TEST(Hostile, ASourceOnAMaskedCoreStillEnds) {
  Scene scene;
  for (int y = 18; y < 30; ++y)
    for (int x = 18; x < 30; ++x) scene.inverse_error(x, y) = 0;
  const FitImage image = scene.image();
  for (const SourceKind kind : kKinds) {
    SourceModel s = scene.start();
    s.kind = kind;
    const FitResult r = SourceFitter().fit(s, {&image, 1});
    EXPECT_TRUE(is_finite(r)) << status_name(r.status);
    EXPECT_LE(r.steps, 100);
  }
}

TEST(Hostile, AnImageOfOnePixelIsAnImage) {
  Scene scene(1);
  const FitImage image = scene.image();
  for (const SourceKind kind : kKinds) {
    SourceModel s = scene.start();
    s.kind = kind;
    const FitResult r = SourceFitter().fit(s, {&image, 1});
    EXPECT_TRUE(is_finite(r)) << status_name(r.status);
    EXPECT_NEAR(r.chi2, 0, 1e-3);  // one flux explains one pixel
  }
}

TEST(Hostile, StartsThatAreNotNumbersAreRefused) {
  Scene scene;
  const FitImage image = scene.image();
  SourceFitter fitter;
  for (int which = 0; which < 5; ++which) {
    SourceModel s = scene.start();
    s.kind = SourceKind::kSer;
    if (which == 0) s.ra = kNan;
    if (which == 1) s.dec = kInf;
    if (which == 2) s.shape.log_re = kNan;
    if (which == 3) s.shape.ee2 = -kInf;
    if (which == 4) s.sersic_index = kNan;
    const FitResult r = fitter.fit(s, {&image, 1});
    EXPECT_EQ(r.status, FitStatus::kBadInput) << which;
  }
  SourceModel s = scene.start();
  s.flux = {kNan};
  EXPECT_TRUE(fitter.fit(s, {&image, 1}).ok());
  s.flux = {};
  EXPECT_EQ(fitter.fit(s, {&image, 1}).status, FitStatus::kNoData);
}

TEST(Hostile, ImagesThatCannotBeUsedAreLeftOut) {
  Scene scene;
  FitImage good = scene.image(), no_psf = good, bad_band = good, bad_map = good, no_pixels = good,
           no_cd = good;
  no_psf.psf = nullptr;
  bad_band.band = 7;
  bad_map.local.pixel = {kNan, 3};
  no_pixels.data = {};
  no_cd.cd = {0, 0, 0, 0};
  const std::vector<FitImage> images = {good, no_psf, bad_band, bad_map, no_pixels, no_cd};
  SourceFitter fitter;
  const FitResult alone = fitter.fit(scene.start(), {&good, 1}), all = fitter.fit(scene.start(), images);
  EXPECT_TRUE(all.ok());
  EXPECT_NEAR(all.model.flux[0], alone.model.flux[0], 1e-6);
  EXPECT_EQ(fitter.fit(scene.start(), {}).status, FitStatus::kNoData);
}

TEST(Hostile, ParametersAtEveryBoundStayWithinAndEnd) {
  Scene scene;
  const FitImage image = scene.image();
  SourceFitter fitter;
  for (const SourceKind kind : kKinds)
    for (const double log_re : {-50.0, std::log(0.01), 3.4, 50.0})
      for (const double ee : {0.0, 3.0, 600.0})
        for (const double index : {-1.0, 0.5, 6.0, 50.0}) {
          SourceModel s = scene.start();
          s.kind = kind;
          s.shape = {log_re, ee, -ee};
          s.sersic_index = index;
          const FitResult r = fitter.fit(s, {&image, 1});
          ASSERT_TRUE(is_finite(r)) << kind_name(kind) << " " << log_re << " " << ee << " " << index;
          if (kind == SourceKind::kPsf) continue;
          EXPECT_GE(r.model.shape.log_re, fitter.options().min_log_re);
          EXPECT_LE(r.model.shape.log_re,
                    kind == SourceKind::kRex ? std::log(10) + 1e-9 : std::log(30) + 1e-9);
          if (kind == SourceKind::kSer) {
            EXPECT_GE(r.model.sersic_index, 0.5);
            EXPECT_LE(r.model.sersic_index, 6);
          }
        }
}

TEST(Hostile, WildPixelsDoNotHang) {
  Scene scene;
  std::mt19937 random(1);
  std::uniform_real_distribution<float> exponent(-30, 30);
  for (int y = 0; y < 48; ++y)
    for (int x = 0; x < 48; ++x) {
      scene.data(x, y) = std::pow(10.0f, exponent(random));
      scene.inverse_error(x, y) = std::pow(10.0f, exponent(random) / 2);
    }
  const FitImage image = scene.image();
  for (const SourceKind kind : kKinds) {
    SourceModel s = scene.start();
    s.kind = kind;
    const FitResult r = SourceFitter().fit(s, {&image, 1});
    EXPECT_LE(r.steps, 100) << status_name(r.status);
  }
}

TEST(Hostile, TheRendererSurvivesEverything) {
  Scene scene;
  Renderer renderer;
  const RenderTarget target{48, 48, scene.wcs.cd(), &scene.psf};
  for (const SourceKind kind : kKinds)
    for (const double v : {0.0, -3.0, 24.0, 1e5, 1e9, static_cast<double>(kNan), static_cast<double>(kInf)})
      for (const double log_re : {-800.0, -3.0, 2.0, 9.0, 800.0, static_cast<double>(kNan)}) {
        SourceModel s;
        s.kind = kind;
        s.shape = {log_re, v, 0.1};
        for (const PixelPosition at : {PixelPosition{24, 24}, PixelPosition{v, -v}}) {
          const auto patch = renderer.patch(s, at, target),
                     masked = renderer.patch_on({3, 9, 40, 52}, s, at, target);
          for (const auto* p : {&patch, &masked})
            for (int y = 0; *p && y < (*p)->pixels.height(); ++y)
              for (int x = 0; x < (*p)->pixels.width(); ++x) ASSERT_TRUE(std::isfinite((*p)->pixels(x, y)));
        }
      }
  EXPECT_FALSE(renderer.patch(scene.truth, {3, 3}, {48, 48, {}, &scene.psf}));
  EXPECT_FALSE(renderer.patch(scene.truth, {3, 3}, {48, 48, scene.wcs.cd(), nullptr}));
}

// Right ascension has no seam and no pole for the fit.
TEST(Positions, AreFoundNearThePoleAndAcrossRightAscensionZero) {
  for (const auto& [ra, dec] : {std::pair{0.00001, 0.0}, std::pair{359.99999, 60.0}, std::pair{33.0, 89.99},
                                std::pair{210.0, -89.9}, std::pair{100.0, 75.0}}) {
    const Scene scene(48, ra, dec);
    const FitImage image = scene.image();
    SourceModel start = scene.start();
    start.ra += 0.25 / 3600 / std::cos(dec * std::numbers::pi / 180);
    const FitResult r = SourceFitter().fit(start, {&image, 1});
    EXPECT_EQ(r.status, FitStatus::kConverged);
    EXPECT_LE(r.derivative_evaluations, 6) << dec;
    const double east =
        std::remainder(r.model.ra - ra, 360.0) * std::cos(dec * std::numbers::pi / 180) * 3600;
    EXPECT_NEAR(east, 0, 0.01) << ra << " " << dec;
    EXPECT_NEAR((r.model.dec - dec) * 3600, 0, 0.01);
    EXPECT_GE(r.model.ra, 0);
    EXPECT_LT(r.model.ra, 360);
  }
}

// The reference pipeline's catalogs hold ra_ivar / cos^2(dec) for galaxies: four times too much at 60
// degrees. Ours are of RA cos(dec) for every kind, so that a round source is known equally well both ways.
TEST(Positions, OfARoundSourceAreKnownEquallyWellInRaAndDecAtEveryDeclination) {
  for (const SourceKind kind : {SourceKind::kPsf, SourceKind::kRex})
    for (const double dec : {0.0, 30.0, -60.0, 85.0}) {
      const Scene scene(48, 150, dec, kind);
      const FitImage image = scene.image();
      const InverseVariances v = inverse_variances(scene.truth, {&image, 1});
      EXPECT_GT(v.dec, 0);
      EXPECT_NEAR(v.ra / v.dec, 1, 0.03) << kind_name(kind) << " at " << dec;
    }
}

TEST(Positions, ASourceThatMayNotLeaveStaysAtItsLastAllowedPlace) {
  const Scene scene;
  const FitImage image = scene.image();
  SourceModel start = scene.start();
  start.dec = scene.truth.dec + 0.5 / 3600;
  FitOptions options;
  options.allowed = [&](double, double dec) { return dec > scene.truth.dec + 0.3 / 3600; };
  const FitResult r = SourceFitter(options).fit(start, {&image, 1});
  EXPECT_EQ(r.status, FitStatus::kLeftRegion);
  EXPECT_GT(r.model.dec, scene.truth.dec + 0.3 / 3600);
}

TEST(Positions, ABoxHoldsThePositionAndTheRestIsFitted) {
  const Scene scene;
  const FitImage image = scene.image();
  SourceModel start = scene.start();
  start.dec = scene.truth.dec + 0.5 / 3600;
  FitOptions options;
  options.position_box_arcsec = 0.2;
  const FitResult r = SourceFitter(options).fit(start, {&image, 1});
  EXPECT_TRUE(r.ok());
  EXPECT_TRUE(r.at_position_limit);
  EXPECT_NEAR((r.model.dec - start.dec) * 3600, -0.2, 1e-6);
  EXPECT_NEAR(r.model.flux[0], 10, 1);
}

TEST(Positions, AMovingStarKeepsItsCatalogPosition) {
  Scene scene(48, 150, 2, SourceKind::kPsf);
  FitImage image = scene.image();
  image.mjd_tai = 58000;
  SourceModel s = scene.start();
  s.motion = SkyMotion{100, -50, 3, 2015.5};
  const FitResult r = SourceFitter().fit(s, {&image, 1});
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.model.ra, s.ra);
  EXPECT_EQ(r.model.dec, s.dec);
}

}  // namespace
}  // namespace brickline
