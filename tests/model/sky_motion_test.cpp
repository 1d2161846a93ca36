#include "core/model/sky_motion.h"

#include <gtest/gtest.h>

#include <cmath>

namespace brickline {
namespace {

// Positions that the reference pipeline computes.
TEST(SkyMotion, MatchesTheReference) {
  struct Case {
    double ra, dec, pmra, pmdec, parallax, mjd, out_ra, out_dec;
  };
  for (const Case& c : {Case{110, 24, 100, -200, 50, 58467.218, 110.0001108662, 23.9998078204},
                        Case{110, 24, 0, 0, 50, 57000, 110.0000073089, 23.9999994720},
                        Case{10, -70, -1500, 800, 0, 58000, 9.9973512820, -69.9995168454}}) {
    const SkyPosition p = position_at(c.ra, c.dec, {c.pmra, c.pmdec, c.parallax, 2015.5}, c.mjd);
    EXPECT_NEAR(p.ra, c.out_ra, 1e-9);
    EXPECT_NEAR(p.dec, c.out_dec, 1e-9);
  }
}

TEST(SkyMotion, UnknownMotionIsNoMotion) {
  const SkyPosition p = position_at(0.5, 10, {NAN, NAN, NAN, 2015.5}, 58000);
  EXPECT_EQ(p.ra, 0.5);
  EXPECT_EQ(p.dec, 10);
  SourceModel s;
  s.ra = 7;
  EXPECT_EQ(position_at(s, 58000).ra, 7);
}

TEST(SkyMotion, ParallaxKeepsRightAscensionPositiveAcrossZero) {
  const SkyPosition p = position_at(1e-9, 0, {0, 0, 100, 2015.5}, 53084.28 + 365.25 * 0.75);
  EXPECT_GT(p.ra, 359.9);
  EXPECT_LT(p.ra, 360);
}

}  // namespace
}  // namespace brickline
