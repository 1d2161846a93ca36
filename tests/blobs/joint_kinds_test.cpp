// Which kinds sources have that are fitted together: at bounds, faint points, bulges with disks.
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>

#include "core/blobs/joint_selection.h"
#include "tests/blobs/field.h"

namespace brickline {
namespace {

using enum SourceKind;
using test::bytes_of;
using test::Field;
using test::SyntheticSky;

// Galaxies that do better the larger they are, up to what they may be, tell nothing of what is there.
TEST(Joint, NothingIsAGalaxyBecauseOfModelsAtTheirBounds) {
  SyntheticSky sky(70, 70);
  sky.add(kRex, 34.3, 35.2, {1, 1.5, 2}, {0.8, 0, 0});
  sky.expose(2);
  const Field field(std::move(sky));
  BlobFitOptions options;
  options.joint = true;
  options.iterative = false;
  options.together.split_gain = options.together.split_gain_of_round = 1e9;
  EXPECT_EQ(field.nearest(field.fit(options), field.sky.truth[0])->model.kind, kRex);
  options.fit.max_log_re_rex = options.fit.max_log_re_galaxy = std::log(0.3);
  const FittedCatalog catalog = field.fit(options);
  const FittedSource* source = field.nearest(catalog, field.sky.truth[0]);
  double best = 0;
  for (const ModelFit& m : source->models)
    if (m.model.is_galaxy()) best = std::max(best, m.dchisq);
  ASSERT_GT(best, source->dchisq[dchisq_index(kPsf)] + 25);
  EXPECT_EQ(source->model.kind, kPsf);
}

// A point of S/N 10 may be either, and is as large as galaxies of its magnitude; one of S/N 100 is a star anyhow.
TEST(Joint, AFaintPointIsWhatThereIsMoreOf) {
  SyntheticSky sky(70, 50);
  sky.add(kPsf, 20.3, 25.2, {0.25, 0.3, 0.35});
  sky.add(kPsf, 52.1, 24.6, {2.5, 3, 3.5});
  sky.expose(2);
  const Field field(std::move(sky));
  BlobFitOptions options;
  options.joint = true;
  const FittedCatalog catalog = field.fit(options);
  const SourceModel& faint = field.nearest(catalog, field.sky.truth[0])->model;
  EXPECT_EQ(faint.kind, kRex);
  const RadiusPrior prior = options.together.prior.radius(faint.flux);
  EXPECT_NEAR(faint.shape.log_re, prior.log_re, 1.5 * prior.sigma);
  EXPECT_EQ(field.nearest(catalog, field.sky.truth[1])->model.kind, kPsf);
  options.together.prior.log10_galaxies_per_star = -2;
  EXPECT_EQ(field.nearest(field.fit(options), field.sky.truth[0])->model.kind, kPsf);
}

// A disk with a bulge, a galaxy of one profile between the two, and an exponential one: as bright as each other.
TEST(Joint, ABulgeWithADiskIsOneGalaxyOfTwoProfilesAndNoOtherIs) {
  SyntheticSky sky(200, 80);
  sky.add(kExp, 38.4, 40.2, {12, 15, 18}, {2.0, 0.3, -0.2});
  sky.add(kDev, 38.4, 40.2, {2, 6, 12}, {0.5, 0.1, 0});
  sky.add(kSer, 104.3, 41.7, {14, 21, 30}, {1.2, 0.2, 0.2}, 2);
  sky.add(kExp, 165.2, 38.3, {14, 21, 30}, {1.5, -0.2, 0.2});
  sky.expose(1);
  const Field field(std::move(sky));
  BlobFitOptions options;
  options.joint = true;
  options.together.composites = CompositeTrials::kAll;
  const FittedCatalog catalog = field.fit(options);
  const FittedSource* galaxy = field.nearest(catalog, field.sky.truth[0]);
  ASSERT_EQ(galaxy->model.kind, kComp);
  EXPECT_GT(galaxy->composite_dchisq,
            galaxy->dchisq[dchisq_index(kSer)] + options.together.margins.composite);
  for (std::size_t b = 0; b < 3; ++b) {
    const double bulge = field.sky.truth[1].flux[b], flux = field.sky.truth[0].flux[b] + bulge;
    EXPECT_NEAR((galaxy->model.flux[b] - flux) * std::sqrt(galaxy->inverse_variance.flux[b]), 0, 4) << b;
    const double found = galaxy->model.bulge->fraction[b] * galaxy->model.flux[b];
    EXPECT_NEAR((found - bulge) / std::sqrt(galaxy->bulge_errors.flux_variance[b]), 0, 4) << b;
  }
  EXPECT_NEAR(std::exp(galaxy->model.shape.log_re), 2.0, 0.1);
  EXPECT_NEAR(std::exp(galaxy->model.bulge->shape.log_re), 0.5, 0.15);
  EXPECT_EQ(field.nearest(catalog, field.sky.truth[2])->model.kind, kSer);
  EXPECT_EQ(field.nearest(catalog, field.sky.truth[3])->model.kind, kExp);
  EXPECT_EQ(catalog.sources.size(), 3u);

  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1);
  const FittedCatalog again = field.fit(options);
  EXPECT_EQ(bytes_of(again), bytes_of(catalog));
  const FittedSource* same = field.nearest(again, field.sky.truth[0]);
  EXPECT_EQ(same->model.bulge->fraction, galaxy->model.bulge->fraction);
  EXPECT_EQ(same->bulge_errors.flux_variance, galaxy->bulge_errors.flux_variance);
}

// Unless something else is asked for, a galaxy that has an index of its own is tried, and what no index is demanded for is not.
TEST(Joint, OnlyWhatOneProfileDoesNotFitIsTriedAsABulgePlusDisk) {
  SyntheticSky sky(140, 80);
  sky.add(kExp, 38.4, 40.2, {12, 15, 18}, {2.0, 0.3, -0.2});
  sky.add(kDev, 38.4, 40.2, {2, 6, 12}, {0.5, 0.1, 0});
  sky.add(kExp, 105.2, 38.3, {14, 21, 30}, {1.5, -0.2, 0.2});
  sky.expose(1);
  const Field field(std::move(sky));
  BlobFitOptions options;
  options.joint = options.accounts = true;
  const auto tried = [](const FittedCatalog& catalog) {
    std::vector<SourceKind> out;
    for (const BlobAccount& account : catalog.accounts)
      for (const SourceAccount& s : account.sources)
        if (s.kept && s.told.composite_asked) out.push_back(*s.chosen);
    return out;
  };
  const FittedCatalog usual = field.fit(options);
  EXPECT_EQ(field.nearest(usual, field.sky.truth[0])->model.kind, kComp);
  EXPECT_EQ(tried(usual), std::vector<SourceKind>{kSer});
  EXPECT_EQ(usual.sources.size(), 2u);
  options.together.composites = CompositeTrials::kAll;
  EXPECT_EQ(tried(field.fit(options)).size(), 2u);
  options.together.composites = CompositeTrials::kNone;
  const FittedCatalog single = field.fit(options);
  EXPECT_TRUE(tried(single).empty());
  EXPECT_NE(field.nearest(single, field.sky.truth[0])->model.kind, kComp);
}

}  // namespace
}  // namespace brickline
