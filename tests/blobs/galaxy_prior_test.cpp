// What is known of sources before the pixels are looked at.
#include "core/blobs/galaxy_prior.h"

#include <gtest/gtest.h>

#include <cmath>

namespace brickline {
namespace {

double flux_of(double magnitude) { return std::pow(10, 0.4 * (22.5 - magnitude)); }

TEST(GalaxyPrior, FaintSourcesAreMostlyGalaxiesOfHalfAnArcsecond) {
  const GalaxyPrior prior;
  struct Case {
    double magnitude, galaxies_per_star, re;
  };
  for (const Case& c : {Case{22, 4.5, 0.60}, {23, 7.2, 0.46}, {24, 11.8, 0.35}}) {
    const double f = flux_of(c.magnitude);
    // The mean of the bands that have light.
    EXPECT_NEAR(std::exp(prior.log_odds({0.5 * f, 1.5 * f, -0.1})), c.galaxies_per_star, 0.1) << c.magnitude;
    EXPECT_NEAR(std::exp(prior.radius({f}).log_re), c.re, 0.01) << c.magnitude;
    EXPECT_EQ(prior.radius({f}).sigma, prior.width_of_log_re);
  }
  EXPECT_NEAR(std::exp(prior.log_odds({flux_of(20)})), 1.7, 0.01);
  EXPECT_EQ(prior.radius({flux_of(21.4)}).sigma, 0);  // bright ones show their radius
  EXPECT_EQ(prior.log_odds({-1, 0}), 0);
  EXPECT_EQ(prior.radius({-1, 0}).sigma, 0);
}

TEST(GalaxyPrior, WhereThereAreTooManySourcesForGalaxiesTheyAreStars) {
  // Two arcminutes to a side.
  constexpr int kSide = 480;
  const Wcs brick = Wcs::tangent(150, 2, 240, 240, {-0.25 / 3600, 0, 0, 0.25 / 3600}, kSide, kSide);
  const auto with = [&](int bright, int faint) {
    SourceList out(static_cast<std::size_t>(bright + faint));
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i].x = out[i].y = 10;
      out[i].model.flux = {flux_of(i < static_cast<std::size_t>(bright) ? 21.9 : 22.1)};
    }
    return out;
  };
  GalaxyPrior prior;
  EXPECT_EQ(prior.crowding(with(28, 1000), brick), 1);  // as at high latitude
  EXPECT_EQ(prior.crowding(with(48, 0), brick), 1);     // a cluster of galaxies
  SourceList crowded = with(4 * 130, 0);
  EXPECT_NEAR(prior.crowding(crowded, brick), (130 - 3 * std::sqrt(4 * 130) / 4 - 12.3) / 2.9, 0.1);
  // A few that chance brought together in a small region tell nothing.
  EXPECT_EQ(
      prior.crowding(with(4, 0), Wcs::tangent(150, 2, 30, 30, {-0.25 / 3600, 0, 0, 0.25 / 3600}, 60, 60)), 1);
  const double before = prior.log_odds({1});
  prior.stars = prior.crowding(crowded, brick);
  EXPECT_NEAR(prior.log_odds({1}), before - std::log(prior.stars), 1e-12);
  for (DetectedSource& s : crowded) s.x = -5;  // reference sources beside the brick
  EXPECT_EQ(prior.crowding(crowded, brick), 1);
}

}  // namespace
}  // namespace brickline
