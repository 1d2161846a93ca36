// A model of psfex's whose wings are noise gets those of the profile that its core has.
#include "core/calib/psf_wings.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace brickline {
namespace {

constexpr double kAlpha = 5, kBeta = 3.2;

double moffat(double x, double y) {
  return (kBeta - 1) / (3.14159265358979 * kAlpha * kAlpha) *
         std::pow(1 + (x * x + y * y) / (kAlpha * kAlpha), -kBeta);
}

double fwhm() { return 2 * kAlpha * std::sqrt(std::pow(2, 1 / kBeta) - 1); }

// The profile, and `varying` of it in a second plane, with so much noise and a pedestal.
std::vector<Image<float>> planes(int size, double noise, double pedestal, double varying = 0.02) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  std::vector<Image<float>> made;
  for (const double share : {1., varying}) {
    Image<float>& plane = made.emplace_back(size, size);
    for (int y = 0; y < size; ++y)
      for (int x = 0; x < size; ++x)
        plane(x, y) = static_cast<float>(share * (moffat(x - size / 2, y - size / 2) + pedestal) +
                                         noise * normal(random));
  }
  return made;
}

double sum(const Image<float>& plane, double from, double to) {
  double total = 0;
  for (int y = 0; y < plane.height(); ++y)
    for (int x = 0; x < plane.width(); ++x) {
      const double r = std::hypot(x - plane.width() / 2, y - plane.height() / 2);
      if (r >= from && r < to) total += plane(x, y);
    }
  return total;
}

TEST(PsfWings, AreWhatTheMeasuredPartSaysAndNotTheNoise) {
  // Noise as of some hundred stars, and a background that was too high, by a percent of the light.
  const auto truth = planes(63, 0, 0, 0);
  auto rough = planes(63, 3e-5, -4e-6);
  const auto before = rough;
  const double far_before = sum(rough[0], 14, 31);
  const auto wings = smooth_wings(rough, fwhm());
  ASSERT_TRUE(wings);
  EXPECT_GT(wings->radius, 1.5 * fwhm());
  EXPECT_LT(wings->radius, 18);
  EXPECT_LT(wings->varying_radius, wings->radius);
  EXPECT_NEAR(wings->beta, kBeta, 0.4);
  const double far = sum(truth[0], 14, 31);
  EXPECT_GT(std::abs(far_before - far), 0.006);
  EXPECT_NEAR(sum(rough[0], 14, 31), far, 0.002);
  EXPECT_GT(std::abs(sum(before[0], 0, 31) - sum(truth[0], 0, 31)), 0.008);
  EXPECT_NEAR(sum(rough[0], 0, 31), sum(truth[0], 0, 31), 0.005);
  // The core is as it was; what varies is nothing in the wings.
  for (int y = 28; y <= 34; ++y)
    for (int x = 28; x <= 34; ++x)
      for (int p = 0; p < 2; ++p) EXPECT_EQ(rough[p](x, y), before[p](x, y));
  EXPECT_EQ(sum(rough[1], 14, 45), 0);
  EXPECT_EQ(rough[0](0, 0), 0);  // outside the circle of light
}

TEST(PsfWings, KeepTheAureoleOfRealOnes) {
  // Four percent of the light in a profile that falls as r^-3, beside the sharp one.
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  std::vector<Image<float>> rough(1, Image<float>(63, 63));
  const double alpha = 15, beta = 1.5;
  double truth = 0;
  for (int y = 0; y < 63; ++y)
    for (int x = 0; x < 63; ++x) {
      const double r = std::hypot(x - 31, y - 31);
      const double light = 0.96 * moffat(r, 0) + 0.04 * (beta - 1) / (3.14159265358979 * alpha * alpha) *
                                                     std::pow(1 + r * r / (alpha * alpha), -beta);
      rough[0](x, y) = static_cast<float>(light + 2e-5 * normal(random));
      if (r < 31) truth += light;
    }
  const auto wings = smooth_wings(rough, fwhm());
  ASSERT_TRUE(wings);
  EXPECT_LT(wings->radius, 26);
  EXPECT_GT(wings->halo, 0);
  EXPECT_NEAR(sum(rough[0], 0, 31), truth, 0.003);
}

// The best fit of an aureole with a hole in its middle has a sharp profile of negative light.
TEST(PsfWings, HaveNoTermOfNegativeLight) {
  auto rough = planes(63, 0, 0);
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  const double h = 2 * fwhm();
  for (int y = 0; y < 63; ++y)
    for (int x = 0; x < 63; ++x) {
      const double r2 = (x - 31) * (x - 31) + (y - 31) * (y - 31), seen = 1 + r2 / (h * h);
      rough[0](x, y) = static_cast<float>(1e-3 * (std::pow(seen, -1.25) - 0.4 * std::pow(seen, -6)) +
                                          1e-5 * normal(random));
    }
  const auto wings = smooth_wings(rough, fwhm());
  ASSERT_TRUE(wings);
  EXPECT_GE(wings->halo, 0);
  EXPECT_LE(wings->halo, 1);
  EXPECT_NEAR(rough[0](31, 1) / (1e-3 * std::pow(1 + 900 / (h * h), -1.25)), 1, 0.1);
}

// Pixels half as wide, each block of four interpolated from one measurement: the rings are no better known.
TEST(PsfWings, OfFinePlanesAreNoStrongerThanTheirMeasurements) {
  std::vector<Image<float>> rough(1, Image<float>(63, 63));
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  std::vector<double> noise(32 * 32);
  for (double& n : noise) n = 3e-5 * normal(random);
  for (int y = 0; y < 63; ++y)
    for (int x = 0; x < 63; ++x)
      rough[0](x, y) = static_cast<float>(moffat(x - 31, y - 31) + noise[y / 2 * 32 + x / 2]);
  auto fine = rough;
  const auto as_if_alone = smooth_wings(rough, fwhm()), measured = smooth_wings(fine, fwhm(), 0.5);
  ASSERT_TRUE(as_if_alone && measured);
  // Light falls as r^-6.4, a ring's noise as r^-1/2: the limit of twice the noise is nearer by 2^(1/5.9).
  EXPECT_NEAR(as_if_alone->radius / measured->radius, std::pow(2, 1 / 5.9), 0.08);
}

TEST(PsfWings, StayWhereTheyAreMeasuredOrCannotBeTold) {
  // All rings are strong up to where psfex's taper begins.
  auto strong = planes(41, 1e-7, 0);
  const auto wings = smooth_wings(strong, fwhm());
  ASSERT_TRUE(wings);
  EXPECT_NEAR(wings->radius, 20 - fwhm(), 1e-9);
  // A stamp hardly wider than the light has no rings to fit.
  auto narrow = planes(15, 1e-4, 0);
  const auto narrow_before = narrow;
  EXPECT_FALSE(smooth_wings(narrow, fwhm()));
  for (int x = 0; x < 15; ++x) EXPECT_EQ(narrow[0](x, 3), narrow_before[0](x, 3));
  // Neither has a model without light, nor one of nothing.
  std::vector<Image<float>> dark(1, Image<float>(63, 63)), none;
  EXPECT_FALSE(smooth_wings(dark, fwhm()));
  EXPECT_FALSE(smooth_wings(none, fwhm()));
}

}  // namespace
}  // namespace brickline
