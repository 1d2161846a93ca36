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

// Bands of the broad-band surveys, one by one: the plane and scale of each.
TEST(Rgb, EveryKnownBandHasItsPlaneAndScale) {
  struct Known {
    const char* band;
    int plane;
    float scale;
  };
  for (const Known& k : {Known{"u", 2, 6.0f}, Known{"g", 2, 6.0f}, Known{"N540", 2, 6.0f},
                         Known{"M411", 2, 6.0f}, Known{"CaHK", 2, 6.0f}, Known{"r", 1, 3.4f},
                         Known{"r2", 1, 3.4f}, Known{"V", 1, 3.4f}, Known{"i", 0, 3.0f}, Known{"z", 0, 2.2f},
                         Known{"Y", 0, 2.2f}, Known{"NB_A", 0, 6.0f}, Known{"I-A-L505", 0, 6.0f}}) {
    const std::vector<std::string> bands = {k.band};
    const auto recipe = rgb_recipe(bands, 1.5);
    ASSERT_TRUE(recipe[0]) << k.band;
    EXPECT_FLOAT_EQ(recipe[0]->scale, 1.5f * k.scale) << k.band;
    for (int p = 0; p < 3; ++p) EXPECT_EQ(recipe[0]->weights[p], p == k.plane ? 1 : 0) << k.band;
  }
}

TEST(Rgb, ListsOfBandsHaveTheirOwnRecipes) {
  const auto weights = [](const std::vector<std::string>& bands) {
    std::vector<std::array<float, 3>> out;
    for (const auto& band : rgb_recipe(bands)) out.push_back(band->weights);
    return out;
  };
  using W = std::vector<std::array<float, 3>>;
  EXPECT_EQ(weights({"Y", "J", "H"}), (W{{0, 0, 1}, {0, 1, 0}, {1, 0, 0}}));
  EXPECT_EQ(weights({"M411", "M464"}), (W{{0, .5f, 1}, {1, .5f, 0}}));
  EXPECT_EQ(weights({"M411", "M438", "M464", "M490", "M517"}),
            (W{{0, 0, .6f}, {0, .2f, .4f}, {0, .6f, 0}, {.4f, .2f, 0}, {.6f, 0, 0}}));
  EXPECT_EQ(weights({"N501", "r", "N673"}), (W{{0, 0, 1}, {0, 1, 0}, {1, 0, 0}}));
}

// A survey of narrow bands alone: v = (scale f + m) asinh(Q I)/(sqrt(Q) I), I the mean of the bands, cut to
// 0..1 at the very end.
TEST(Rgb, NarrowBandsAloneAreMixedUncut) {
  const auto stretched = [](std::vector<double> scaled) {
    double mean = 0;
    for (double& s : scaled) mean += (s += 0.03);
    mean /= static_cast<double>(scaled.size());
    for (double& s : scaled) s *= std::asinh(20 * mean) / std::sqrt(20.) / mean;
    return scaled;
  };
  const auto pair = stretched({6.0 * .02, 3.4 * .04});
  expect_near(colour_of({"N501", "N673"}, {.02f, .04f}), {pair[1], (pair[0] + pair[1]) / 2, pair[0]}, 2e-6);
  const auto blue_red = stretched({10.0 * .02, 3.4 * .04});
  expect_near(colour_of({"N419", "N673"}, {.02f, .04f}),
              {blue_red[1], (blue_red[0] + blue_red[1]) / 2, blue_red[0]}, 2e-6);
  // The order of the list does not matter, and the pair that the reference cannot show is shown too.
  expect_near(colour_of({"N673", "N501"}, {.04f, .02f}), {pair[1], (pair[0] + pair[1]) / 2, pair[0]}, 2e-6);
  const auto blue_green = stretched({10.0 * .02, 6.0 * .01});
  expect_near(colour_of({"N419", "N501"}, {.02f, .01f}),
              {blue_green[1], (blue_green[0] + blue_green[1]) / 2, blue_green[0]}, 2e-6);
  const auto all = stretched({10.0 * .02, 6.0 * .01, 3.4 * .03});
  expect_near(colour_of({"N419", "N501", "N673"}, {.02f, .01f, .03f}), {all[2], all[1], all[0]}, 2e-6);
  const double grey = stretched({10.0 * .02})[0];
  expect_near(colour_of({"N419"}, {.02f}), {grey, grey, grey}, 2e-6);
  // A band that alone would be cut at 1 still makes the mean brighter.
  const auto bright = stretched({6.0 * 2, 3.4 * -.008});
  ASSERT_GT(bright[0], 1);
  EXPECT_NEAR(colour_of({"N501", "N673"}, {2, -.008f})[1], std::min(1.0, (bright[0] + bright[1]) / 2), 2e-5);
}

TEST(Rgb, BlobsAreOutlinedInGreenOnTheOutside) {
  RgbPlanes picture{Image<float>(5, 5, .5f), Image<float>(5, 5, .5f), Image<float>(5, 5, .5f)};
  Image<std::int32_t> blobs(5, 5, -1);
  blobs(2, 1) = 0;
  blobs(4, 4) = 7;
  outline_blobs(picture, blobs.view());
  int green = 0;
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 5; ++x) {
      const bool drawn = picture.green(x, y) == 1;
      green += drawn;
      EXPECT_EQ(picture.red(x, y), drawn ? 0 : .5f);
      EXPECT_EQ(picture.blue(x, y), drawn ? 0 : .5f);
    }
  EXPECT_EQ(green, 8 + 3);
  EXPECT_EQ(picture.green(2, 1), .5f);
  EXPECT_EQ(picture.green(1, 0), 1);
}

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

TEST(Rgb, ACamerasWishWinsOverEveryRecipe) {
  using Wishes = std::vector<std::optional<std::array<double, 3>>>;
  const auto weights = [](const std::vector<std::string>& bands, const Wishes& wishes) {
    std::vector<std::array<float, 3>> out;
    for (const auto& band : rgb_recipe(bands, 1, wishes)) {
      EXPECT_TRUE(band);
      out.push_back(band->weights);
    }
    return out;
  };
  using W = std::vector<std::array<float, 3>>;
  // A known band, a mixture, a survey of narrow bands, and the fourth of five that make no picture.
  EXPECT_EQ(weights({"g", "r"}, {{{1, 0, 1}}, {}}), (W{{.5f, 0, .5f}, {0, 1, 0}}));
  EXPECT_EQ(weights({"M411", "M464"}, {{}, {{0, 0, 1}}}), (W{{0, .5f, 1}, {0, 0, .5f}}));
  EXPECT_EQ(weights({"N419", "N673"}, {{{1, 1, 1}}, {}}), (W{{.5f, .5f, .5f}, {1, .5f, 0}}));
  const std::vector<std::string> five = {"u", "g", "r", "i", "z"};
  const auto recipe = rgb_recipe(five, 2, Wishes{{}, {}, {}, {{1, 0, 0}}, {}});
  ASSERT_TRUE(recipe[3]);
  EXPECT_EQ(recipe[3]->weights, (std::array<float, 3>{.2f, 0, 0}));
  EXPECT_FALSE(recipe[3]->replaces);
  EXPECT_FALSE(recipe[4]);
  // The scale stays the recipe's.
  EXPECT_FLOAT_EQ(rgb_recipe(std::vector<std::string>{"g"}, 1.5, Wishes{{{1, 0, 0}}})[0]->scale, 9);
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
