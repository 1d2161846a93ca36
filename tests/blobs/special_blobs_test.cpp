// What happens to blobs beside the plain fit: light of frozen galaxies, blobs in parts, blobs that fail, a
// second round.
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <cmath>

#include "core/base/error.h"
#include "core/survey/bits.h"
#include "tests/blobs/field.h"

namespace brickline {
namespace {

using enum SourceKind;
using test::Field;
using test::mixed_sky;
using test::point_at;

// A large galaxy at (60, 60) and, in a blob of its own, a star in its light.
struct GalaxyAndStar {
  test::SyntheticSky sky{120, 120};
  SourceList sources;
  BlobMap blobs;
  std::vector<FrozenGalaxy> frozen;

  GalaxyAndStar() {
    sky.add(kExp, 60, 60, {300, 500, 700}, {8, 0.2, 0.1});
    sky.add(kPsf, 100, 60, {2, 3, 4});
    sky.expose(2);
    Image<std::uint8_t> hot(120, 120);
    for (int y = 0; y < 120; ++y)
      for (int x = 0; x < 120; ++x)
        hot(x, y) = std::hypot(x - 60, y - 60) < 25 || std::hypot(x - 100, y - 60) < 12;
    sources = {point_at(sky, 60, 60, 1), point_at(sky, 100, 60, 3)};
    sources[0].model = sky.truth[0];
    sources[0].reference_row = 0;
    sources[0].reference = {.large_galaxy = true, .frozen = true};
    blobs = make_blobs(hot.view(), sources);
    FrozenGalaxy galaxy;
    galaxy.source = 0;
    galaxy.model = sky.truth[0];
    galaxy.x = galaxy.y = 60;
    galaxy.box = {10, 110, 10, 110};
    galaxy.footprint = Image<std::uint8_t>(100, 100, 1);
    frozen.push_back(std::move(galaxy));
  }
  FittedCatalog fit(bool with_galaxy) const {
    BlobFitInput in = fit_input(sky, blobs, sources);
    if (with_galaxy) in.frozen = frozen;
    return fit_blobs(in);
  }
};

TEST(FrozenGalaxies, TheirLightIsTakenOutOfOtherBlobs) {
  const GalaxyAndStar field;
  ASSERT_EQ(field.blobs.blobs.size(), 2U);
  const FittedCatalog without = field.fit(false), with = field.fit(true);
  const auto star = [&](const FittedCatalog& c) {
    for (const FittedSource& s : c.sources)
      if (s.source == 1) return s;
    throw std::runtime_error("the star is gone");
  };
  EXPECT_EQ(star(with).model.kind, kPsf);
  for (int b = 0; b < 3; ++b) {
    const double truth = field.sky.truth[1].flux[b];
    EXPECT_NEAR(star(with).model.flux[b], truth, 0.05 * truth) << b;
  }
  EXPECT_GT(star(without).model.flux[2], 1.3 * field.sky.truth[1].flux[2]);
  EXPECT_EQ(with.frozen_reach, (std::vector<std::vector<int>>{{star(with).blob}}));
  // In its own blob it is subtracted as the source it is, once.
  for (const FittedSource& s : with.sources)
    if (s.source == 0) {
      EXPECT_EQ(s.model.flux, field.sky.truth[0].flux);
      EXPECT_LT(s.metrics.rchisq[1], 1.1);
    }
}

TEST(BlobsInParts, GiveTheSourcesOfTheWholeBlobOnce) {
  test::SyntheticSky sky(400, 40);
  SourceList sources;
  for (int i = 0; i < 13; ++i) {
    const int x = 20 + 30 * i;
    sky.add(kPsf, x, 18 + i % 5, {4, 5, 6});
    sources.push_back(point_at(sky, x, 18 + i % 5, 5));
  }
  sky.expose(1);
  const BlobMap blobs = make_blobs(Image<std::uint8_t>(400, 40, 1).view(), sources);
  BlobFitInput in = fit_input(sky, blobs, sources);
  const FittedCatalog whole = fit_blobs(in);
  in.plan.parts = true;
  const FittedCatalog parts = fit_blobs(in);
  EXPECT_EQ(parts.blobs.size(), 2U);
  ASSERT_EQ(whole.sources.size(), 13U);
  ASSERT_EQ(parts.sources.size(), 13U);
  for (std::size_t i = 0; i < 13; ++i) {
    EXPECT_EQ(parts.sources[i].source, whole.sources[i].source);
    EXPECT_NEAR(parts.sources[i].model.flux[1], whole.sources[i].model.flux[1], 0.1);
    EXPECT_EQ(parts.sources[i].part, sources[parts.sources[i].source].ix < 200 ? 0 : 1);
  }
  EXPECT_TRUE(whole.maskbits.empty());
  EXPECT_EQ(parts.maskbits(3, 3), maskbit::kSubBlob);
}

TEST(FailedBlobs, KeepTheirReferenceSourcesAsTheyCameAndAreMarked) {
  Field field(mixed_sky());
  DetectedSource& known = field.found.sources[0];
  known.reference_row = 3;
  known.reference.star = known.reference.point_source = true;
  known.model.flux = {7, 8, 9};
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  BlobFitHooks hooks;
  hooks.cancelled = []() -> bool { throw input_error("no light in this blob"); };
  const FittedCatalog catalog = field.fit({}, hooks);
  ASSERT_EQ(catalog.sources.size(), 1U);
  const FittedSource& s = catalog.sources[0];
  EXPECT_FALSE(s.regular);
  EXPECT_EQ(s.source, 0);
  EXPECT_EQ(s.model.flux, (std::vector<double>{7, 8, 9}));
  EXPECT_EQ(s.inverse_variance.flux, (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(s.metrics.fracin, (std::vector<float>{1, 1, 1}));
  EXPECT_GE(s.blob, 0);
  for (int y = 0; y < 130; ++y)
    for (int x = 0; x < 150; ++x)
      ASSERT_EQ(catalog.maskbits(x, y), field.found.blobs.labels(x, y) >= 0 ? maskbit::kBailout : 0);
}

TEST(Reoptimize, FitsNoWorseAndOnlyIfAsked) {
  test::SyntheticSky sky(90, 90);
  sky.add(kExp, 40, 45, {8, 14, 20}, {1.6, 0.3, -0.2});
  sky.add(kDev, 52, 45, {10, 25, 40}, {1.5, -0.25, 0.15});
  sky.expose(2);
  const Field field(std::move(sky));
  ASSERT_EQ(field.found.blobs.blobs.size(), 1U);
  BlobFitOptions again;
  again.reoptimize = true;
  const FittedCatalog once = field.fit(), twice = field.fit(again);
  ASSERT_EQ(once.sources.size(), twice.sources.size());
  const auto distance = [&](const FittedCatalog& c) {
    double sum = 0;
    for (const SourceModel& truth : field.sky.truth) {
      const FittedSource* s = field.nearest(c, truth);
      for (int b = 0; b < 3; ++b)
        sum += std::pow(s->model.flux[b] - truth.flux[b], 2) * s->inverse_variance.flux[b];
    }
    return sum;
  };
  EXPECT_NE(once.sources[0].model.flux, twice.sources[0].model.flux);
  // The first choice was made while the neighbour was still a point source.
  EXPECT_LT(distance(twice), distance(once));
}

TEST(Accounts, TellOfEverySourceAlsoOfThoseThatWereDropped) {
  test::SyntheticSky sky(60, 60);
  sky.add(kPsf, 20, 30, {3, 4, 5});
  sky.expose(1);
  sky.images[1].data(30, 40) += 5;  // a cosmic ray, in one band only
  SourceList sources = {point_at(sky, 20, 30, 3), point_at(sky, 45, 30, 0.01)};
  const BlobMap blobs = make_blobs(Image<std::uint8_t>(60, 60, 1).view(), sources);
  BlobFitInput in = fit_input(sky, blobs, sources);
  EXPECT_TRUE(fit_blobs(in).accounts.empty());
  BlobFitOptions options;
  options.accounts = true;
  options.iterative = false;
  const FittedCatalog catalog = fit_blobs(in, options);
  ASSERT_EQ(catalog.accounts.size(), 1U);
  const BlobAccount& account = catalog.accounts[0];
  ASSERT_EQ(account.sources.size(), 2U);
  EXPECT_EQ(account.sources[0].chosen, kPsf);
  EXPECT_GT(account.sources[0].chi2_none[1], account.sources[0].models[0].chi2[1]);
  EXPECT_NEAR(account.sources[0].start_x, 20, 1e-9);
  EXPECT_FALSE(account.sources[1].kept);
  EXPECT_FALSE(account.sources[1].chosen);
  EXPECT_EQ(account.images[account.worst].name, "r0");
  const Box& cut = account.images[account.worst].box;
  EXPECT_GT(account.residual_sigmas(30 - cut.x0, 40 - cut.y0), 400);
  const BlobAccount::Place& star = account.places[0];
  EXPECT_EQ(star.source, 0);
  const int x = static_cast<int>(std::nearbyint(star.x)), y = static_cast<int>(std::nearbyint(star.y));
  EXPECT_GT(account.model(x, y), 0.05);
  EXPECT_NEAR(account.data(x, y), account.model(x, y), 0.05);
}

}  // namespace
}  // namespace brickline
