// Halos of bright stars: the reference pipeline's values, and what must not happen at odd places.
#include "core/refs/halos.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <numbers>
#include <sstream>

namespace brickline {
namespace {

constexpr double kScale = 0.262;

Wcs sky_of_the_table() {
  const double p = kScale / 3600;
  return Wcs::tangent(150, 2, 199.5, 149.5, {-p, 0, 0, p}, 400, 300);
}

// At a 0-based pixel. The mask radius is that of a star of this magnitude.
HaloStar star_at(const Wcs& wcs, double x, double y, double magnitude) {
  const SkyPosition at = wcs.pixel_to_sky(x, y);
  return {.ra = at.ra,
          .dec = at.dec,
          .motion = {},
          .magnitude = magnitude,
          .radius_degrees = 1630.0 / 3600 * std::pow(1.396, -magnitude)};
}

Image<float> light_of(const HaloModel& model, const std::vector<HaloStar>& stars, double mjd = 57205.875) {
  const Wcs wcs = sky_of_the_table();
  Image<float> light(wcs.width(), wcs.height());
  add_halos(light.view(), {&wcs, kScale, mjd}, model, stars);
  return light;
}

double sum_of(const Image<float>& image) {
  double sum = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) sum += image(x, y);
  return sum;
}

HaloModel power_law(double weight = 0.00045, double exponent = -2) {
  HaloModel model;
  model.profile = {.moffat = false, .weight = weight, .exponent = exponent};
  return model;
}

TEST(Halos, HaveTheReferencesValues) {
  std::ifstream file(BRICKLINE_SOURCE_DIR "/tests/refs/halo_values.txt");
  std::map<std::string, HaloProfile> profiles;
  int halos = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind, name;
    words >> kind >> name;
    if (kind == "profile") {
      std::string form;
      HaloProfile p;
      words >> form >> p.weight;
      p.moffat = form == "moffat";
      if (p.moffat)
        words >> p.alpha_arcsec >> p.beta >> p.off_chip_factor;
      else
        words >> p.exponent;
      ASSERT_TRUE(words) << line;
      profiles[name] = p;
    } else if (kind == "halo") {
      SCOPED_TRACE(line);
      HaloModel model;
      model.profile = profiles.at(name);
      double x, y, magnitude, sum, value;
      words >> x >> y >> magnitude >> model.scaling >> sum;
      ASSERT_TRUE(words);
      const Image<float> light = light_of(model, {star_at(sky_of_the_table(), x - 1, y - 1, magnitude)});
      EXPECT_NEAR(sum_of(light), sum, 1e-5 * sum);
      int px, py;
      while (words >> px >> py >> value) EXPECT_NEAR(light(px, py), value, 1e-5 * value);
      ++halos;
    }
  }
  EXPECT_EQ(halos, 7);
}

TEST(Halos, ReachEveryPixelOutsideTheInnerRadius) {
  const Image<float> light = light_of(power_law(), {star_at(sky_of_the_table(), 119.25, 79.75, 10)});
  std::int64_t set = 0;
  for (int y = 0; y < light.height(); ++y)
    for (int x = 0; x < light.width(); ++x) set += light(x, y) != 0;
  EXPECT_EQ(set, 117764);
}

// The closed form at every pixel, of a profile that no band has.
TEST(Halos, FollowTheirFormula) {
  HaloModel model = power_law(0.002, -1.5);
  model.inner_arcsec = 2;  // nearer than the published ones begin
  model.inner_ramp_arcsec = 3;
  model.max_radius_arcsec = 60;
  model.moffat_alpha_arcsec = 3;
  model.moffat_beta = 2.5;
  const double x0 = 120.25, y0 = 80.75, flux = 1e4, maxr = std::ceil(60 / kScale);
  const Image<float> light = light_of(model, {star_at(sky_of_the_table(), x0, y0, 12.5)});
  for (int y = 0; y < light.height(); ++y)
    for (int x = 0; x < light.width(); ++x) {
      const double rho = std::hypot(x - x0, y - y0), r = rho * kScale;
      const double window = std::clamp(2 - 2 * rho / maxr, 0.0, 1.0) * std::clamp((r - 2) / 3, 0.0, 1.0);
      const double inner = 1.5 / (std::numbers::pi * 9) * std::pow(1 + r * r / 9, -2.5);
      const double truth = flux * kScale * kScale * window * (0.002 * std::pow(r, -1.5) + inner);
      ASSERT_NEAR(light(x, y), truth, 1e-5 * truth + 1e-7) << x << " " << y;
    }
}

// A power law is infinite at its centre, where the window is 0.
TEST(Halos, AStarExactlyOnAPixelLeavesNoHole) {
  for (const double inner : {7.0, 0.0}) {
    HaloModel model = power_law();
    model.inner_arcsec = inner;
    const double p = kScale / 3600;
    const Wcs on_pixel = Wcs::tangent(150, 2, 200, 150, {-p, 0, 0, p}, 400, 300);
    HaloStar star = star_at(on_pixel, 200, 150, 10);
    star.ra = 150;
    star.dec = 2;
    Image<float> light(400, 300);
    add_halos(light.view(), {&on_pixel, kScale, 57205.875}, model, std::vector{star});
    EXPECT_EQ(light(200, 150), 0);
    for (int y = 0; y < 300; ++y)
      for (int x = 0; x < 400; ++x) ASSERT_TRUE(std::isfinite(light(x, y))) << x << " " << y;
    EXPECT_GT(light(230, 150), 0);
  }
}

TEST(Halos, StarsWithoutMagnitudeOrMaskHaveNone) {
  const Wcs wcs = sky_of_the_table();
  HaloStar unknown = star_at(wcs, 100, 100, 10), nan = unknown, unmasked = unknown, elsewhere = unknown;
  unknown.magnitude = 0;
  nan.magnitude = NAN;
  unmasked.radius_degrees = 0;
  elsewhere.ra += 1;
  HaloStar behind = star_at(wcs, 100, 100, 10);
  behind.ra -= 180;
  Image<float> light(400, 300);
  EXPECT_EQ(add_halos(light.view(), {&wcs, kScale, 57205.875}, power_law(),
                      std::vector{unknown, nan, unmasked, elsewhere, behind}),
            0);
  EXPECT_EQ(sum_of(light), 0);
}

TEST(Halos, StandWhereTheStarIsAtTheExposuresTime) {
  const Wcs wcs = sky_of_the_table();
  HaloStar star = star_at(wcs, 200, 150, 10);
  // 2.62 arcsec north in two years: ten pixels.
  star.motion = SkyMotion{.pmra = 0, .pmdec = 1310, .parallax = 0, .ref_epoch = 2015.5};
  const Image<float> moved = light_of(power_law(), {star}, 57205.875 + 2 * 365.25);
  const Image<float> there = light_of(power_law(), {star_at(wcs, 200, 160, 10)});
  for (int y = 0; y < 300; ++y)
    for (int x = 0; x < 400; ++x) ASSERT_NEAR(moved(x, y), there(x, y), 2e-5 * there(x, y) + 1e-6);
}

TEST(Halos, TwoStarsAddUp) {
  const Wcs wcs = sky_of_the_table();
  const HaloStar a = star_at(wcs, 100, 100, 11), b = star_at(wcs, 300, 200, 12);
  const Image<float> both = light_of(power_law(), {a, b}), one = light_of(power_law(), {a}),
                     other = light_of(power_law(), {b});
  for (int y = 0; y < 300; ++y)
    for (int x = 0; x < 400; ++x) ASSERT_FLOAT_EQ(both(x, y), one(x, y) + other(x, y));
}

}  // namespace
}  // namespace brickline
