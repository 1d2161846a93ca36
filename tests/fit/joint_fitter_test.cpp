// Sources fitted together: what one after the other cannot separate, and errors against their closed form.
#include "core/fit/joint_fitter.h"

#include <gtest/gtest.h>

#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "tests/model/window_fixture.h"

namespace brickline {
namespace {

constexpr int kSize = 64;
constexpr double kSigma = 0.01;

// Sources by pixel on one image.
struct Scene {
  PsfKernel psf{test::gaussian_stamp(41, 2), 2};
  Wcs wcs = Wcs::tangent(150, 2, 32, 32, test::kFixtureCd, kSize, kSize);
  Image<float> data{kSize, kSize}, inverse_error{kSize, kSize, static_cast<float>(1 / kSigma)};
  std::vector<SourceModel> truth;

  SourceModel model(SourceKind kind, double x, double y, double flux) const {
    SourceModel m;
    const SkyPosition at = wcs.pixel_to_sky(x, y);
    m.kind = kind;
    m.ra = at.ra;
    m.dec = at.dec;
    m.flux = {flux};
    return m;
  }
  void add(const SourceModel& m) {
    truth.push_back(m);
    Renderer renderer;
    const auto patch = renderer.patch_on(data.box(), m, *wcs.sky_to_pixel(m.ra, m.dec), target());
    add_patch(data.view(), *patch, static_cast<float>(m.flux[0]));
  }
  void add_noise(unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> noise(0, static_cast<float>(kSigma));
    for (int y = 0; y < kSize; ++y)
      for (int x = 0; x < kSize; ++x) data(x, y) += noise(random);
  }
  RenderTarget target() const { return {kSize, kSize, wcs.cd(), &psf}; }
  std::vector<JointImage> images() const {
    return {{data.const_view(), inverse_error.const_view(), 0, wcs.cd(), 0}};
  }
  JointSource source(const SourceModel& m) const {
    JointSource s;
    s.model = m;
    s.views = {{0, *local_linear(wcs, m.ra, m.dec, LocalLinearWcs::Jacobian::kLocal), &psf, data.box()}};
    return s;
  }
};

TEST(JointFitter, StarsOnAGalaxyAreSeparated) {
  Scene scene;
  SourceModel galaxy = scene.model(SourceKind::kExp, 31.3, 30.2, 40);
  galaxy.shape = {std::log(2.0), 0.3, -0.2};
  scene.add(galaxy);
  scene.add(scene.model(SourceKind::kPsf, 36.1, 33.4, 3));
  scene.add(scene.model(SourceKind::kPsf, 39.6, 33.0, 2));
  // Far off in everything: the stars have the galaxy's light, the galaxy is round and small.
  std::vector<JointSource> sources;
  SourceModel start = scene.model(SourceKind::kExp, 31.9, 30.5, 25);
  start.shape = {std::log(1.2), 0, 0};
  sources.push_back(scene.source(start));
  sources.push_back(scene.source(scene.model(SourceKind::kPsf, 36.6, 33.0, 9)));
  sources.push_back(scene.source(scene.model(SourceKind::kPsf, 39.2, 33.4, 1)));
  JointOptions options;
  options.min_gain = 1e-4;
  options.fit.ellipticity_prior_sigma = 0;
  const JointResult r = fit_jointly(sources, scene.images(), options);
  EXPECT_EQ(r.status, FitStatus::kConverged);
  ASSERT_EQ(r.models.size(), 3u);
  for (std::size_t s = 0; s < 3; ++s) {
    EXPECT_NEAR(r.models[s].flux[0] / scene.truth[s].flux[0], 1, 0.003) << s;
    EXPECT_NEAR(r.models[s].ra, scene.truth[s].ra, 0.003 / 3600) << s;
    EXPECT_NEAR(r.models[s].dec, scene.truth[s].dec, 0.003 / 3600) << s;
  }
  EXPECT_NEAR(r.models[0].shape.log_re, galaxy.shape.log_re, 0.003);
  EXPECT_NEAR(r.models[0].shape.ee1, galaxy.shape.ee1, 0.003);
}

// Half a sigma off there is an eighth to gain in ln P, which is no reason for another evaluation; the way is known.
TEST(JointFitter, EndsAtItsBestAlsoWhereThatGainsTooLittleToGoOn) {
  Scene scene;
  scene.add(scene.model(SourceKind::kPsf, 31.3, 30.2, 5));
  JointOptions options;
  options.min_gain = 0.2;
  JointSource source = scene.source(scene.truth[0]);
  const double sigma =
      1 / std::sqrt(joint_errors({&source, 1}, scene.images(), options)[0].inverse_variance.dec);
  source.model.dec += 0.5 * sigma;
  const JointResult r = fit_jointly({&source, 1}, scene.images(), options);
  EXPECT_EQ(r.status, FitStatus::kConverged);
  EXPECT_EQ(r.evaluations, 1);
  EXPECT_NEAR((r.models[0].dec - scene.truth[0].dec) / sigma, 0, 0.05);
}

// A point of S/N 4 that is taken for a galaxy is as large as galaxies are, as well as that is known; one of S/N 400 is not.
TEST(JointFitter, ARadiusThatThePixelsDoNotTellIsThatOfThePrior) {
  constexpr double kLogRe = -1, kWidth = 0.7;
  const auto fitted = [&](double flux, bool together, double* error) {
    Scene scene;
    scene.add(scene.model(SourceKind::kPsf, 31.3, 30.2, flux));
    SourceModel start = scene.model(SourceKind::kRex, 31.3, 30.2, flux);
    start.shape.log_re = -0.5;
    JointSource source = scene.source(start);
    source.round_radius_prior = {kLogRe, kWidth};
    JointOptions options;
    options.min_gain = 1e-6;
    if (together) {
      source.model = fit_jointly({&source, 1}, scene.images(), options).models[0];
      const double re = std::exp(source.model.shape.log_re);
      *error = 1 / std::sqrt(joint_errors({&source, 1}, scene.images(), options)[0].inverse_variance.re) / re;
      return source.model.shape.log_re;
    }
    FitOptions alone;
    alone.min_gain = 1e-6;
    alone.round_radius_prior = source.round_radius_prior;
    const FitImage image{scene.data.view(),
                         scene.inverse_error.view(),
                         0,
                         scene.wcs.cd(),
                         source.views[0].local,
                         0,
                         &scene.psf,
                         scene.data.box()};
    return SourceFitter(alone).fit(start, {&image, 1}).model.shape.log_re;
  };
  double error = 0;
  const double faint = fitted(0.28, true, &error);
  EXPECT_NEAR(faint, kLogRe, 0.2);
  EXPECT_NEAR(error, kWidth, 0.1);
  EXPECT_NEAR(fitted(0.28, false, nullptr), faint, 0.01);
  EXPECT_LT(fitted(28, true, &error), kLogRe - kWidth);
  EXPECT_LT(fitted(28, false, nullptr), kLogRe - kWidth);
}

// A round Sersic profile of unit flux seen through a Gaussian PSF, at distances 0, step, 2 step, ... (pixels):
//   int I(r) exp(-(r^2 + R^2)/(2 s^2)) I_0(r R/s^2) r dr / s^2, in r = re e^u.
std::vector<double> exact_profile(double n, double re, double sigma, double step, int count) {
  const double b = boost::math::gamma_p_inv(2 * n, 0.5);
  const double total = 2 * std::numbers::pi * re * re * n * std::pow(b, -2 * n) * std::tgamma(2 * n);
  std::vector<double> out;
  for (int i = 0; i < count; ++i) {
    const double R = i * step;
    double sum = 0;
    constexpr double du = 0.02;
    for (double u = -12; u < 6; u += du) {
      const double r = re * std::exp(u), x = r * R / (sigma * sigma);
      const double exponent = -b * std::exp(u / n) - (r - R) * (r - R) / (2 * sigma * sigma);
      if (exponent < -45) continue;
      // I_0(x) exp(-x)
      const double bessel = x < 300 ? boost::math::cyl_bessel_i(0, x) * std::exp(-x)
                                    : (1 + 1 / (8 * x)) / std::sqrt(2 * std::numbers::pi * x);
      sum += std::exp(exponent) * bessel * r * r * du;
    }
    out.push_back(sum / (sigma * sigma) / total);
  }
  return out;
}

TEST(JointFitter, WholeProfilesHaveAllLightAndTheirRadii) {
  constexpr double step = 0.25, flux = 50;
  for (const SourceKind kind : {SourceKind::kExp, SourceKind::kDev, SourceKind::kSer})
    for (const double re : {0.3, 0.6, 2.4}) {
      Scene scene;
      const double n = kind == SourceKind::kExp ? 1 : kind == SourceKind::kDev ? 4 : 2.2;
      const std::vector<double> profile = exact_profile(n, re / test::kPixelArcsec, 2, step, 200);
      const double x0 = 31.3, y0 = 30.8;
      for (int y = 0; y < kSize; ++y)
        for (int x = 0; x < kSize; ++x) {
          // Quadratic in the distance's square, which the profile is smooth in.
          const double r = std::hypot(x - x0, y - y0) / step;
          const int k = std::max(1, static_cast<int>(std::lround(r)));
          const double t = r - k;
          scene.data(x, y) +=
              static_cast<float>(flux * (profile[k] + t * (profile[k + 1] - profile[k - 1]) / 2 +
                                         t * t * (profile[k + 1] + profile[k - 1] - 2 * profile[k]) / 2));
        }
      SourceModel start = scene.model(kind, 31.0, 31.0, 30);
      start.shape = {std::log(1.0), 0, 0};
      start.sersic_index = 1.5;
      const std::vector<JointSource> sources = {scene.source(start)};
      JointOptions options;
      options.render.profiles = GalaxyProfiles::kSersic;
      options.render.shift = PsfShift::kFourier;
      options.min_gain = 1e-7;
      options.max_iterations = 200;
      options.fit.ellipticity_prior_sigma = 0;
      const JointResult r = fit_jointly(sources, scene.images(), options);
      const SourceModel& m = r.models[0];
      const double loose = kind == SourceKind::kSer ? 2 : 1;  // the index is free
      EXPECT_NEAR(m.flux[0] / flux, 1, 1e-3 * loose) << kind_name(kind) << " " << re;
      EXPECT_NEAR(std::exp(m.shape.log_re) / re, 1, 0.01 * loose) << kind_name(kind) << " " << re;
      EXPECT_NEAR(m.sersic_index, kind == SourceKind::kSer ? n : start.sersic_index, 0.03) << re;
    }
}

// Two stars at known places: var(f1) = 1/(A11 (1 - rho^2)), and rho^2 of it is the neighbour's.
TEST(JointErrors, OfTwoStarsAreThoseOfTheClosedForm) {
  Scene scene;
  scene.add(scene.model(SourceKind::kPsf, 30, 32, 5));
  scene.add(scene.model(SourceKind::kPsf, 33, 32, 2));
  Renderer renderer;
  double a[2][2] = {};
  std::vector<JointSource> sources;
  std::vector<Patch> unit;
  for (const SourceModel& m : scene.truth) {
    unit.push_back(
        *renderer.patch_on(scene.data.box(), m, *scene.wcs.sky_to_pixel(m.ra, m.dec), scene.target()));
    sources.push_back(scene.source(m));
    sources.back().move_position = false;
  }
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j)
      for (int y = 0; y < kSize; ++y)
        for (int x = 0; x < kSize; ++x)
          a[i][j] += unit[i].pixels(x, y) * unit[j].pixels(x, y) / (kSigma * kSigma);
  const double rho2 = a[0][1] * a[0][1] / (a[0][0] * a[1][1]);
  ASSERT_GT(rho2, 0.1);
  const std::vector<JointErrors> errors = joint_errors(sources, scene.images(), {});
  ASSERT_EQ(errors.size(), 2u);
  for (int i = 0; i < 2; ++i) {
    const JointErrors& e = errors[static_cast<std::size_t>(i)];
    EXPECT_NEAR(e.inverse_variance.flux[0] / (a[i][i] * (1 - rho2)), 1, 1e-4);
    EXPECT_NEAR(e.blendedness[0], rho2, 1e-4);
    EXPECT_EQ(e.inverse_variance.ra, 0);
    ASSERT_EQ(e.covariance.size(), 28u);  // (6 + 1) parameters
    EXPECT_NEAR(e.covariance.back() * a[i][i] * (1 - rho2), 1, 1e-4);
  }
}

// What cannot be told apart has no errors, or very large ones; the covariance says the same as the inverse variances.
TEST(JointErrors, OfGalaxiesAtOnePlaceAreNoneOrLarge) {
  Scene scene;
  scene.add(scene.model(SourceKind::kRex, 30, 32, 5));
  scene.add(scene.model(SourceKind::kRex, 30, 32, 5));
  scene.add(scene.model(SourceKind::kRex, 30, 32, 5));
  std::vector<JointSource> sources;
  for (const SourceModel& m : scene.truth) sources.push_back(scene.source(m));
  const double alone = joint_errors({sources.data(), 1}, scene.images(), {})[0].inverse_variance.flux[0];
  for (const JointErrors& e : joint_errors(sources, scene.images(), {})) {
    const InverseVariances& iv = e.inverse_variance;
    EXPECT_LT(iv.flux[0], 1e-3 * alone);
    const std::vector<double> of = {iv.ra, iv.dec, iv.re, iv.e1, iv.e2, iv.sersic_index, iv.flux[0]};
    for (std::size_t i = 0; i < of.size(); ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        const float v = e.covariance[i * (i + 1) / 2 + j];
        if (i == j) {
          EXPECT_EQ(v > 0, of[i] > 0) << i;
        }
        if (!(of[i] > 0 && of[j] > 0)) {
          EXPECT_EQ(v, 0) << i << " " << j;
        }
      }
  }
}

// Pairs that a fit leaves out are in the errors: without them the matrix of some bright galaxies and what lies on them has
// negative eigenvalues, and nothing is known of their fluxes.
TEST(JointErrors, LeaveNoPairOut) {
  Scene scene;
  SourceModel galaxy = scene.model(SourceKind::kSer, 31.3, 30.2, 4000);
  galaxy.shape = {0.7, 0.2, 0.1};
  galaxy.sersic_index = 1.2;
  scene.add(galaxy);
  for (int k = 0; k < 9; ++k) {
    SourceModel on_it = scene.model(SourceKind::kExp, 20.0 + 11 * (k % 3), 20.0 + 11 * (k / 3.0), 40);
    on_it.shape = {-0.7, 0.1, 0};
    scene.add(on_it);
  }
  std::vector<JointSource> sources;
  for (const SourceModel& m : scene.truth) sources.push_back(scene.source(m));
  JointOptions few, all;
  few.least_correlation = 1;
  all.least_correlation = 0;
  const std::vector<JointErrors> of_few = joint_errors(sources, scene.images(), few),
                                 of_all = joint_errors(sources, scene.images(), all);
  for (std::size_t s = 0; s < sources.size(); ++s) {
    EXPECT_GT(of_few[s].inverse_variance.flux[0], 0) << s;
    EXPECT_EQ(of_few[s].inverse_variance.flux[0], of_all[s].inverse_variance.flux[0]) << s;
    EXPECT_EQ(of_few[s].covariance, of_all[s].covariance) << s;
  }
}

// The pulls of many noisy fits have the width that the errors promise, for every parameter.
TEST(JointErrors, AreTheScatterOfFits) {
  std::vector<double> pulls[5];
  for (unsigned seed = 1; seed <= 60; ++seed) {
    Scene scene;
    SourceModel galaxy = scene.model(SourceKind::kExp, 30.3, 31.2, 12);
    galaxy.shape = {std::log(0.9), 0.25, 0.1};
    scene.add(galaxy);
    scene.add(scene.model(SourceKind::kPsf, 35.1, 32.4, 4));
    scene.add_noise(seed);
    std::vector<JointSource> sources;
    for (const SourceModel& m : scene.truth) sources.push_back(scene.source(m));
    JointOptions options;
    options.fit.ellipticity_prior_sigma = 0;
    const JointResult r = fit_jointly(sources, scene.images(), options);
    for (std::size_t s = 0; s < 2; ++s) sources[s].model = r.models[s];
    const std::vector<JointErrors> e = joint_errors(sources, scene.images(), options);
    const auto pull = [](double found, double truth, double inverse_variance) {
      return (found - truth) * std::sqrt(inverse_variance);
    };
    const Ellipse found = to_ellipse(r.models[0].shape), shape = to_ellipse(galaxy.shape);
    pulls[0].push_back(pull(r.models[0].flux[0], 12, e[0].inverse_variance.flux[0]));
    pulls[1].push_back(pull(r.models[1].flux[0], 4, e[1].inverse_variance.flux[0]));
    pulls[2].push_back(pull(found.re, shape.re, e[0].inverse_variance.re));
    pulls[3].push_back(pull(found.e1, shape.e1, e[0].inverse_variance.e1));
    pulls[4].push_back(pull(r.models[1].dec, scene.truth[1].dec, e[1].inverse_variance.dec));
  }
  for (int k = 0; k < 5; ++k) {
    double sum = 0, square = 0;
    for (const double p : pulls[k]) sum += p, square += p * p;
    const double n = static_cast<double>(pulls[k].size()), mean = sum / n;
    EXPECT_NEAR(mean, 0, 0.45) << k;  // 3.5 of its own sigmas
    EXPECT_NEAR(std::sqrt(square / n - mean * mean), 1, 0.3) << k;
  }
}

// A bulge that is joined to its disk goes where that goes, and errors are of both together.
TEST(JointErrors, OfADiskWithABulgeAreTheScatterOfFits) {
  std::vector<double> pulls[6];
  for (unsigned seed = 1; seed <= 50; ++seed) {
    Scene scene;
    SourceModel disk = scene.model(SourceKind::kExp, 31.3, 31.2, 40), bulge = disk;
    disk.shape = {std::log(2.0), 0.3, 0.1};
    bulge.kind = SourceKind::kDev;
    bulge.flux = {20};
    bulge.shape = {std::log(0.7), 0.1, 0};
    scene.add(disk);
    scene.add(bulge);
    scene.add_noise(seed);
    std::vector<JointSource> sources = {scene.source(disk), scene.source(bulge)};
    sources[1].joined = true;
    for (JointSource& s : sources) s.model.dec += 0.2 / 3600;
    JointOptions options;
    options.fit.ellipticity_prior_sigma = 0;
    const JointResult r = fit_jointly(sources, scene.images(), options);
    ASSERT_EQ(r.models[0].ra, r.models[1].ra);
    ASSERT_EQ(r.models[0].dec, r.models[1].dec);
    for (std::size_t s = 0; s < 2; ++s) sources[s].model = r.models[s];
    const std::vector<JointErrors> e = joint_errors(sources, scene.images(), options);
    ASSERT_EQ(e.size(), 1u);
    ASSERT_TRUE(e[0].bulge);
    const BulgeErrors& b = *e[0].bulge;
    const double of_flux = 1 / e[0].inverse_variance.flux[0], of_bulge = b.flux_variance[0];
    const double total = r.models[0].flux[0] + r.models[1].flux[0] - 60, part = r.models[1].flux[0] - 20;
    pulls[0].push_back(total / std::sqrt(of_flux));
    pulls[1].push_back(part / std::sqrt(of_bulge));
    pulls[2].push_back((total - part) / std::sqrt(of_flux + of_bulge - 2 * b.covariance_with_flux[0]));
    pulls[3].push_back((to_ellipse(r.models[1].shape).re - 0.7) * std::sqrt(b.re));
    pulls[4].push_back((to_ellipse(r.models[0].shape).re - 2) * std::sqrt(e[0].inverse_variance.re));
    pulls[5].push_back((r.models[0].dec - disk.dec) * std::sqrt(e[0].inverse_variance.dec));
    // What the two share is theirs, not a neighbour's.
    EXPECT_LT(e[0].blendedness[0], 1e-6);
  }
  for (int k = 0; k < 6; ++k) {
    double sum = 0, square = 0;
    for (const double p : pulls[k]) sum += p, square += p * p;
    const double n = static_cast<double>(pulls[k].size()), mean = sum / n;
    EXPECT_NEAR(mean, 0, 0.5) << k;  // 3.5 of its own sigmas
    EXPECT_NEAR(std::sqrt(square / n - mean * mean), 1, 0.35) << k;
  }
}

// The bound is on the major axis, the step in the mean radius: at the bound both must agree.
TEST(JointFitter, AnEllipseAtItsLargestRadiusIsAtItsBest) {
  Scene scene;
  SourceModel galaxy = scene.model(SourceKind::kExp, 31.3, 30.2, 60);
  galaxy.shape = {std::log(2.2), 0.9, 0.5};
  scene.add(galaxy);
  scene.add(scene.model(SourceKind::kPsf, 24.4, 33.1, 2));
  scene.add_noise(5);
  SourceModel start = galaxy;
  start.shape = {-0.5, 0.1, -0.3};
  start.max_log_re = std::log(1.3);
  const SourceModel star = scene.model(SourceKind::kPsf, 24.4, 33.1, 2);
  const JointResult r = fit_jointly(std::vector{scene.source(start), scene.source(star)}, scene.images(), {});
  EXPECT_EQ(r.status, FitStatus::kConverged);
  EXPECT_NEAR(r.models[0].shape.log_re, start.max_log_re, 1e-9);
  // One source alone, the other held, finds nothing better.
  Renderer renderer;
  const auto patch =
      renderer.patch_on(scene.data.box(), r.models[1],
                        *scene.wcs.sky_to_pixel(r.models[1].ra, r.models[1].dec), scene.target());
  add_patch(scene.data.view(), *patch, static_cast<float>(-r.models[1].flux[0]));
  FitImage image;
  image.data = scene.data.const_view();
  image.inverse_error = scene.inverse_error.const_view();
  image.cd = scene.wcs.cd();
  image.local = *local_linear(scene.wcs, r.models[0].ra, r.models[0].dec, LocalLinearWcs::Jacobian::kLocal);
  image.psf = &scene.psf;
  image.mask = scene.data.box();
  SourceFitter alone;
  const double here = alone.evaluate(r.models[0], std::vector{image}).ln_prob;
  EXPECT_LT(alone.fit(r.models[0], std::vector{image}).ln_prob - here, 0.05);
}

TEST(JointFitter, WhatWillNotGainEnoughIsGivenUp) {
  Scene scene;
  scene.add(scene.model(SourceKind::kPsf, 30.3, 32.4, 5));
  const std::vector<JointSource> sources{scene.source(scene.model(SourceKind::kPsf, 31.5, 31.8, 5))};
  JointOptions options;
  const JointResult whole = fit_jointly(sources, scene.images(), options);
  EXPECT_EQ(whole.status, FitStatus::kConverged);
  double chi2 = 0;  // all that there is to gain
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x) chi2 += std::pow(scene.data(x, y) / kSigma, 2);
  options.least_improvement = 0.99 * chi2;
  EXPECT_EQ(fit_jointly(sources, scene.images(), options).status, FitStatus::kConverged);
  options.least_improvement = 1.01 * chi2;
  const JointResult given_up = fit_jointly(sources, scene.images(), options);
  EXPECT_EQ(given_up.status, FitStatus::kStalled);
  EXPECT_LT(given_up.evaluations, whole.evaluations);
}

TEST(JointFitter, WhatNoPixelSeesStaysAsItIs) {
  Scene scene;
  scene.add(scene.model(SourceKind::kPsf, 30, 32, 5));
  std::vector<JointSource> sources = {scene.source(scene.model(SourceKind::kPsf, 30.2, 32, 4)),
                                      scene.source(scene.model(SourceKind::kPsf, 20, 20, 7))};
  sources[1].views.clear();
  JointResult r = fit_jointly(sources, scene.images(), {});
  EXPECT_NEAR(r.models[0].flux[0], 5, 0.01);
  EXPECT_FALSE(r.measured[1]);
  EXPECT_EQ(r.models[1].flux[0], 7);
  const std::vector<JointErrors> e = joint_errors(sources, scene.images(), {});
  EXPECT_EQ(e[1].inverse_variance.flux[0], 0);
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x) scene.inverse_error(x, y) = NAN;
  r = fit_jointly(sources, scene.images(), {});
  EXPECT_EQ(r.status, FitStatus::kNoData);
  EXPECT_EQ(r.models[0].flux[0], 4);
}

// A bulge that is left alone takes the place of both with it.
TEST(JointFitter, WhatNoPixelSeesGoesWhereItsBulgeGoes) {
  Scene scene;
  SourceModel bulge = scene.model(SourceKind::kDev, 30, 32, 30);
  bulge.shape = {std::log(0.7), 0.1, 0};
  scene.add(bulge);
  SourceModel start = bulge;
  start.dec += 0.2 / 3600;
  SourceModel disk = start;
  disk.kind = SourceKind::kExp;
  disk.flux = {0};
  std::vector<JointSource> sources = {scene.source(disk), scene.source(start)};
  sources[0].views.clear();
  sources[1].joined = true;
  const JointResult r = fit_jointly(sources, scene.images(), {});
  EXPECT_FALSE(r.measured[0]);
  EXPECT_NEAR(r.models[1].dec, bulge.dec, 0.003 / 3600);
  EXPECT_EQ(r.models[0].ra, r.models[1].ra);
  EXPECT_EQ(r.models[0].dec, r.models[1].dec);
}

TEST(JointFitter, WhatEndsWhereItsBoxDoesIsTold) {
  Scene scene;
  scene.add(scene.model(SourceKind::kPsf, 28, 32, 5));
  scene.add(scene.model(SourceKind::kPsf, 50, 32, 5));
  const std::vector<JointSource> sources{scene.source(scene.model(SourceKind::kPsf, 31, 32, 5)),
                                         scene.source(scene.model(SourceKind::kPsf, 50.5, 32, 5))};
  JointOptions options;
  options.fit.position_box_arcsec = 0.5;  // some two pixels
  EXPECT_EQ(fit_jointly(sources, scene.images(), options).at_position_limit,
            (std::vector<bool>{true, false}));
  options.fit.position_box_arcsec = 2;
  EXPECT_EQ(fit_jointly(sources, scene.images(), options).at_position_limit,
            (std::vector<bool>{false, false}));
}

TEST(JointFitter, ASourceThatMayNotLeaveStays) {
  Scene scene;
  scene.add(scene.model(SourceKind::kPsf, 30, 32, 5));
  const JointSource source = scene.source(scene.model(SourceKind::kPsf, 31, 32, 5));
  JointOptions options;
  options.allowed = [](std::size_t, double, double) { return false; };
  const JointResult r = fit_jointly(std::vector{source}, scene.images(), options);
  EXPECT_EQ(r.models[0].ra, source.model.ra);
  EXPECT_LT(r.models[0].flux[0], 5);
}

}  // namespace
}  // namespace brickline
