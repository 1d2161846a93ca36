#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <memory>
#include <numbers>

#include "tools/simulate_survey/point_spread.h"
#include "tools/simulate_survey/renderer.h"
#include "tools/simulate_survey/sersic_profile.h"

namespace brickline::simulate {
namespace {

constexpr double kScale = 0.262;

double sum(const Image<float>& image) {
  double total = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) total += image(x, y);
  return total;
}

double largest_difference(const Image<float>& a, const Image<float>& b) {
  double largest = 0;
  for (int y = 0; y < a.height(); ++y)
    for (int x = 0; x < a.width(); ++x) largest = std::max(largest, std::abs(double{a(x, y)} - b(x, y)));
  return largest;
}

Renderer fine_renderer() { return Renderer({.faintest_brightness = 1e-8, .largest_stamp = 512}); }

GalaxyShape galaxy(const SersicProfile& profile, double radius, double ratio, double angle) {
  // x points south, y east.
  return {&profile, radius, ratio, angle, {0, kScale, -kScale, 0}};
}

TEST(MoffatPsf, PixelsHoldTheFluxOfTheirArea) {
  const Moffat psf({4.2, 0.05, -0.03}, 3.5);
  const Image<double> stamp = psf.stamp(161);
  double total = 0;
  for (int y = 0; y < 161; ++y)
    for (int x = 0; x < 161; ++x) total += stamp(x, y);
  // Outside a circle of 80.5 pixels lies (1 + r^2/a^2)^(1 - beta) of the light; the corners hold a little of
  // it.
  const double a = 4.2 / 2 / std::sqrt(std::pow(2, 1 / 3.5) - 1);
  const double outside = std::pow(1 + 80.5 * 80.5 / (a * a), -2.5);
  EXPECT_GT(total, 1 - outside);
  EXPECT_LT(total, 1 - 0.5 * outside);
  EXPECT_LT(outside, 2e-6);
}

TEST(MoffatPsf, HalfTheLightIsInsideTheHalfLightRadius) {
  const Moffat psf({12, 0, 0}, 3.5);
  const double r = psf.half_light_radius();
  double inside = 0;
  const Image<double> stamp = psf.stamp(61);
  for (int y = 0; y < 61; ++y)
    for (int x = 0; x < 61; ++x) {
      int within = 0;  // of 10 x 10 parts of the pixel
      for (int j = 0; j < 10; ++j)
        for (int i = 0; i < 10; ++i)
          within += std::hypot(x - 30 + (i - 4.5) / 10, y - 30 + (j - 4.5) / 10) < r;
      inside += stamp(x, y) * within / 100;
    }
  EXPECT_NEAR(inside, 0.5, 2e-3);
}

TEST(MoffatTransform, FollowsTheClosedFormOfHalfIntegerOrder) {
  // K_{5/2}: 2/Gamma(5/2) (q/2)^(5/2) K_{5/2}(q) = (1 + q + q^2/3) exp(-q).
  const MoffatTransform transform(3.5);
  for (double q : {0.0, 0.013, 0.4, 1.7, 6.3, 21.0})
    EXPECT_NEAR(transform(q), (1 + q + q * q / 3) * std::exp(-q), 1e-7);
}

struct TransformCase {
  double n, k, value;
};

// By direct quadrature in double precision (4 million points of ln r).
TEST(SersicProfile, HankelTransformMatchesDirectQuadrature) {
  for (const TransformCase& c : {TransformCase{0.5, 0.5, 0.9137772556698714},
                                 {0.5, 3, 0.038927130007843466},
                                 {1, 0.1, 0.9946984333555472},
                                 {1, 1, 0.6339979574198222},
                                 {1, 30, 0.00017427928880307111},
                                 {2.5, 3, 0.21348454777721412},
                                 {4, 0.01, 0.999463275767305},
                                 {4, 1, 0.5445024767204751},
                                 {4, 10, 0.07769014368805509},
                                 {4, 100, 0.0030275587214483985},
                                 {6, 3, 0.295644501283598}})
    EXPECT_NEAR(SersicProfile(c.n).transform(std::log(c.k)), c.value, 1e-6) << c.n << " " << c.k;
}

TEST(SersicProfile, HalfTheLightIsInsideUnitRadius) {
  for (double n : {0.5, 1.0, 4.0, 6.0}) {
    const SersicProfile profile(n);
    EXPECT_NEAR(profile.enclosed(1), 0.5, 1e-12);
    EXPECT_NEAR(profile.enclosed(profile.radius_enclosing(0.93)), 0.93, 1e-12);
  }
}

struct EndedCase {
  double n, end, k, value;
};

// By adaptive quadrature of I(r) J0(k r) r up to the end.
TEST(SersicProfile, WithAnEndHasAllOfItsLightWithin) {
  for (const EndedCase& c : {EndedCase{1, 4, 0.5, 0.8881066476},
                             {1, 4, 3, 0.1165767915},
                             {1, 4, 7, 0.0130732151},
                             {4, 8, 0.5, 0.7766095788},
                             {4, 8, 3, 0.2744967943},
                             {2, 16 / 3.0, 2, 0.3212608419}})
    EXPECT_NEAR(SersicProfile(c.n, c.end).transform(std::log(c.k)), c.value, 1e-5) << c.n << " " << c.k;
  for (const double n : {1.0, 4.0}) {
    const SersicProfile ended(n, 6), whole(n);
    EXPECT_NEAR(ended.transform(std::log(1e-4)), 1, 1e-6);
    EXPECT_EQ(ended.enclosed(6), 1);
    EXPECT_EQ(ended.enclosed(100), 1);
    EXPECT_NEAR(ended.enclosed(2) * whole.enclosed(6), whole.enclosed(2), 1e-12);
    EXPECT_NEAR(ended.radius_enclosing(ended.enclosed(2)), 2, 1e-9);
    EXPECT_EQ(ended.radius_of_brightness(1e-30), 6);
  }
}

TEST(Renderer, ConservesTheFluxOfStarsAndGalaxies) {
  const Moffat psf({4.5, 0.03, 0.02}, 3.5);
  const MoffatTransform transform(3.5);
  const Renderer renderer = fine_renderer();
  Image<float> star(500, 500);
  renderer.add_star(star, psf, 250.3, 249.8, 100);
  EXPECT_NEAR(sum(star), 100, 0.001);
  for (double n : {0.7, 1.0, 4.0}) {
    const SersicProfile profile(n);
    Image<float> image(600, 600);
    renderer.add_galaxy(image, psf, transform, galaxy(profile, 0.8, 0.5, 30), 300.4, 299.7, 100);
    EXPECT_NEAR(sum(image), 100, 0.001) << n;
  }
}

TEST(Renderer, AVerySmallGalaxyIsAStar) {
  for (double fwhm : {2.0, 4.5}) {
    const Moffat psf({fwhm, 0.05, -0.02}, 3.5);
    const MoffatTransform transform(3.5);
    const Renderer renderer = fine_renderer();
    const SersicProfile profile(1);
    Image<float> star(101, 101), image(101, 101);
    renderer.add_star(star, psf, 50.37, 49.55, 1);
    renderer.add_galaxy(image, psf, transform, galaxy(profile, 1e-4, 1, 0), 50.37, 49.55, 1);
    // Undersampled by the narrower PSF: only the nearest aliases are drawn.
    EXPECT_LT(largest_difference(star, image), 5e-5 * star(50, 50)) << fwhm;
  }
}

// The same galaxy by summing the profile over a fine grid of points, each seen through the PSF.
TEST(Renderer, GalaxyMatchesDirectSummation) {
  const Moffat psf({4.5, 0.04, 0.03}, 3.5);
  const MoffatTransform transform(3.5);
  const double re = 0.6, ratio = 0.4, angle = 35, x0 = 15.3, y0 = 14.6;
  const SersicProfile profile(1);
  Image<float> image(31, 31);
  fine_renderer().add_galaxy(image, psf, transform, galaxy(profile, re, ratio, angle), x0, y0, 1);

  constexpr double kStep = 0.25;  // pixels
  constexpr int kReach = 80;      // steps: 20 pixels, beyond 9 half-light radii
  const double b = 1.6783469900166605, phi = angle * std::numbers::pi / 180;
  Image<float> direct(31, 31);
  std::vector<double> exact(31 * 31);
  double total = 0;
  for (int j = -kReach; j <= kReach; ++j)
    for (int i = -kReach; i <= kReach; ++i) {
      double light = 0;
      constexpr int kSub = 5;
      for (int v = 0; v < kSub; ++v)
        for (int u = 0; u < kSub; ++u) {
          const double dx = (i + (u - 2.0) / kSub) * kStep, dy = (j + (v - 2.0) / kSub) * kStep;
          const double east = kScale * dy, north = -kScale * dx;
          const double major = north * std::cos(phi) + east * std::sin(phi);
          const double minor = (-north * std::sin(phi) + east * std::cos(phi)) / ratio;
          light += std::exp(-b * std::hypot(major, minor) / re);
        }
      total += light;
      if (light < 1e-7) continue;
      for (int y = 0; y < 31; ++y)
        for (int x = 0; x < 31; ++x)
          exact[y * 31 + x] += light * psf.pixel(x - x0 - i * kStep, y - y0 - j * kStep);
    }
  for (int y = 0; y < 31; ++y)
    for (int x = 0; x < 31; ++x) direct(x, y) = static_cast<float>(exact[y * 31 + x] / total);
  EXPECT_LT(largest_difference(image, direct), 1e-3 * direct(15, 15));
}

TEST(PsfField, PolynomialPlanesReproduceThePsfAnywhereOnTheChip) {
  PsfField::Options options;
  options.fwhm = 4.5;
  options.fwhm_terms = {0.01, -0.015, 0.01, 0.005, -0.01};
  options.e1_terms = {0.01, 0.005};
  const PsfField field(options, std::make_shared<const MoffatTransform>(3.5));
  const auto planes = field.polynomial_planes();
  ASSERT_EQ(planes.size(), 6u);
  const double x = 400, y = 3300;
  const double u = 2 * x / options.width - 1, v = 2 * y / options.height - 1;
  const std::array<double, 6> terms = {1, u, u * u, v, u * v, v * v};
  const Image<double> stamp = field.at(x, y).stamp(63);
  double total = 0;
  for (int r = 0; r < 63; ++r)
    for (int c = 0; c < 63; ++c) {
      double value = 0;
      for (int k = 0; k < 6; ++k) value += terms[k] * planes[k](c, r);
      total += value;
      EXPECT_NEAR(value, stamp(c, r) * field.norm(x, y), 3e-4 * stamp(31, 31));
    }
  EXPECT_NEAR(total, 1, 1e-5);
}

}  // namespace
}  // namespace brickline::simulate
