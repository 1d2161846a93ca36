#include "core/coadd/rgb.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace brickline {
namespace {

using Colour = std::array<double, 3>;

// The picture of one pixel.
Colour colour_of(const std::vector<std::string>& bands, const std::vector<float>& values,
                 PictureKind kind = PictureKind::kImage, const RgbOptions& options = {}) {
  std::vector<Image<float>> images;
  for (float v : values) images.emplace_back(1, 1, v);
  std::vector<ImageView<const float>> views;
  for (const auto& image : images) views.push_back(image.view());
  const RgbPlanes p = rgb_picture(views, bands, kind, options);
  return {p.red(0, 0), p.green(0, 0), p.blue(0, 0)};
}

void expect_near(const Colour& a, const Colour& b, double tolerance) {
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(a[i], b[i], tolerance) << "plane " << i;
}

TEST(Rgb, ThreeBandsMapAsInTheLegacySurveys) {
  const std::vector<std::string> grz = {"g", "r", "z"};
  const auto at = [&](float f) { return colour_of(grz, {f, 1.5f * f, 2 * f}); };
  expect_near(at(0), {.127193, .127193, .127193}, 2e-6);
  expect_near(at(.01f), {.256616, .280890, .312100}, 2e-6);
  expect_near(at(.1f), {.593477, .681867, .795511}, 2e-6);
  expect_near(at(-.02f), {0, 0, 0}, 0);
  expect_near(at(1), {1, 1, 1}, 0);
  expect_near(at(10), {1, 1, 1}, 0);
}

TEST(Rgb, FourBandsAreMixed) {
  const std::vector<std::string> griz = {"g", "r", "i", "z"};
  const auto at = [&](float f) { return colour_of(griz, {f, 1.5f * f, 2 * f, 2.5f * f}); };
  expect_near(at(.01f), {.293401, .290850, .298504}, 2e-6);
  expect_near(at(.1f), {.706177, .697238, .724055}, 2e-6);
}

TEST(Rgb, OneBandStandsOnItsPlane) { expect_near(colour_of({"z"}, {.1f}), {.517077, 0, 0}, 2e-6); }

TEST(Rgb, ResidualsAreLinearAroundGrey) {
  const std::vector<std::string> grz = {"g", "r", "z"};
  const auto at = [&](float f) {
    return colour_of(grz, {.1f * f, .15f * f, .2f * f}, PictureKind::kResidual, {.stretch = 1.5});
  };
  expect_near(at(.01f), {.522, .5255, .53}, 2e-6);
  expect_near(at(.1f), {.72, .755, .80}, 2e-6);
  expect_near(at(-.02f), {.456, .449, .44}, 2e-6);
  expect_near(at(0), {.5, .5, .5}, 1e-7);
}

TEST(Rgb, AnUnknownBandIsShownNotRefused) {
  const Colour alone = colour_of({"X"}, {1});
  EXPECT_GT(alone[0], 0.5);
  EXPECT_EQ(alone[0], alone[1]);
  EXPECT_EQ(alone[1], alone[2]);
  // A camera's wish is heard.
  const std::vector<std::string> bands = {"X"};
  const std::vector<std::optional<std::array<double, 3>>> wishes = {{{0, 0, 1}}};
  const auto recipe = rgb_recipe(bands, 1, wishes);
  ASSERT_TRUE(recipe[0]);
  EXPECT_EQ(recipe[0]->weights, (std::array<float, 3>{0, 0, 1}));
}

TEST(Rgb, FiveUnrelatedBandsShowTheFirstThree) {
  const std::vector<std::string> bands = {"u", "g", "r", "i", "z"};
  const auto recipe = rgb_recipe(bands);
  EXPECT_TRUE(recipe[2]);
  EXPECT_FALSE(recipe[3]);
  EXPECT_FALSE(recipe[4]);
}

TEST(Rgb, ValuesThatAreNotFiniteStayBlack) {
  const Colour c = colour_of({"g", "r", "z"}, {static_cast<float>(std::nan("")), 0, 0});
  for (double v : c) EXPECT_TRUE(v >= 0 && v <= 1);
}

}  // namespace
}  // namespace brickline
