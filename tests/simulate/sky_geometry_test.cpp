#include "tools/simulate_survey/sky_geometry.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace brickline::simulate {
namespace {

ImageGeometry distorted_image(double ra, double dec) {
  ImageGeometry g;
  g.reference_sky = {ra, dec};
  g.reference_pixel = {-3000, 7000};
  g.cd = {1e-7, 7.29e-5, -7.28e-5, 2e-7};
  g.distorted = true;
  g.pv1[4] = -1e-4;
  g.pv1[7] = -0.0042;
  g.pv1[8] = 0.0009;
  g.pv1[9] = -0.0045;
  g.pv2[7] = -0.0062;
  g.pv2[10] = 0.0004;
  return g;
}

TEST(ImageGeometry, ReturnsToThePixelItCameFrom) {
  for (double dec : {-89.5, -30.0, 0.0, 88.0})
    for (double ra : {0.01, 180.0, 359.99}) {
      const ImageGeometry g = distorted_image(ra, dec);
      const SkyPoint sky = g.to_sky(1500.25, 40.75);
      const auto back = g.to_pixel(sky.ra, sky.dec);
      ASSERT_TRUE(back) << ra << " " << dec;
      EXPECT_NEAR(back->x, 1500.25, 1e-6);
      EXPECT_NEAR(back->y, 40.75, 1e-6);
    }
}

TEST(ImageGeometry, HasNoPixelForTheFarSideOfTheSky) {
  EXPECT_FALSE(distorted_image(10, 20).to_pixel(190, -20));
}

TEST(ImageGeometry, LocalScaleFollowsTheCdMatrixAtTheTangentPoint) {
  ImageGeometry g;
  g.reference_sky = {40, 60};
  g.cd = {-7e-5, 1e-6, 2e-6, 7e-5};
  const auto scale = g.arcsec_per_pixel(0, 0);
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(scale[i], 3600 * g.cd[i], 1e-9);
}

struct BrickCase {
  double ra, dec;
  int row, column, id;
  const char* name;
};

// Rows of the survey's own brick table.
TEST(Brick, TilingIsTheSurveys) {
  for (const BrickCase& c : {BrickCase{0, 0, 360, 0, 330368, "0001p000"},
                             {359.9, 0, 360, 1439, 331807, "3598p000"},
                             {180, 45, 540, 511, 564835, "1801p450"},
                             {150.1, 2.2, 369, 600, 343928, "1501p022"},
                             {53.1, -27.8, 249, 188, 176786, "0531m277"},
                             {110.3, 23.95, 456, 403, 465217, "1102p240"},
                             {0, -90, 0, 0, 1, "1800m900"},
                             {0, 90, 720, 0, 662174, "1800p900"}}) {
    const Brick b = brick_at(c.ra, c.dec);
    EXPECT_EQ(b.name, c.name);
    EXPECT_EQ(b.row, c.row);
    EXPECT_EQ(b.column, c.column);
    EXPECT_EQ(b.id, c.id);
  }
  const Brick b = brick_at(110.3, 23.95);
  EXPECT_NEAR(b.ra, 110.2124430956, 1e-9);
  EXPECT_NEAR(b.ra1, 110.0758725341, 1e-9);
  EXPECT_NEAR(b.ra2, 110.3490136571, 1e-9);
  EXPECT_EQ(b.quarter, 1);
}

TEST(Brick, NeighboursAreFoundAcrossRightAscensionZero) {
  bool east = false, west = false;
  for (const Brick& b : bricks_near(0, 0, 0.3)) {
    east = east || b.name == "0001p000";
    west = west || b.name == "3598p000";
  }
  EXPECT_TRUE(east);
  EXPECT_TRUE(west);
}

struct HealpixCase {
  double ra, dec;
  int pixel;
};

// Positions of Gaia stars and the survey chunk files that hold them, in the belt and in a polar cap.
TEST(Healpix, RingNumbersAreThoseOfTheSurveysChunks) {
  for (const HealpixCase& c : {HealpixCase{177.54664442533868, 59.60066457829138, 799},
                               {177.4336508912128, 59.484651663492876, 881},
                               {244.6457779516533, 12.12694051081335, 4759},
                               {244.63020454769085, 12.027576833908185, 4886},
                               {244.65614390095715, 11.938089593125314, 5015},
                               {186.63146510466373, 25.571536164887117, 3458},
                               {110.28752439506803, 24.1207922851056, 3559},
                               {110.33009350695463, 23.8684840911485, 3687},
                               {9.073595034928905, 3.461654926192481, 5699}})
    EXPECT_EQ(healpix_ring(32, c.ra, c.dec), c.pixel);
}

TEST(Healpix, SouthMirrorsNorth) {
  // Ring r from the south holds the numbers that ring r from the north has, counted from the end.
  const int north = healpix_ring(32, 30, 75), south = healpix_ring(32, 30, -75);
  int ring = 1;
  while (2 * ring * (ring + 1) <= north) ++ring;
  const int in_ring = north - 2 * ring * (ring - 1);
  EXPECT_EQ(south, 12 * 32 * 32 - 2 * ring * (ring + 1) + in_ring);
}

}  // namespace
}  // namespace brickline::simulate
