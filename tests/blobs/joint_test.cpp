// Sources of a blob fitted together: nearer to the truth than one after the other, with errors that say so, and the same
// bytes from any number of threads.
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>

#include "core/blobs/blob_images.h"
#include "core/blobs/joint_selection.h"
#include "core/blobs/source_selection.h"
#include "core/survey/bits.h"
#include "tests/blobs/field.h"

namespace brickline {
namespace {

using enum SourceKind;
using test::bytes_of;
using test::Field;
using test::SyntheticSky;

// A bright galaxy with two stars on its slopes, and a star by itself.
SyntheticSky crowded_sky() {
  SyntheticSky sky(130, 110);
  sky.add(kExp, 50.4, 55.2, {60, 90, 130}, {2.6, 0.3, -0.2});
  sky.add(kPsf, 58.5, 58.9, {6, 9, 12});
  sky.add(kPsf, 42.2, 50.1, {4, 6, 9});
  sky.add(kPsf, 110.3, 90.6, {6, 9, 12});
  sky.expose(2);
  return sky;
}

// Greatest distance from the true flux of the sources in sigmas of the reference's errors.
double worst_pull(const Field& field, const FittedCatalog& catalog, const FittedCatalog& errors) {
  double worst = 0;
  for (const SourceModel& truth : field.sky.truth) {
    const FittedSource *found = field.nearest(catalog, truth), *known = field.nearest(errors, truth);
    for (std::size_t b = 0; b < truth.flux.size(); ++b)
      worst = std::max(
          worst, std::abs(found->model.flux[b] - truth.flux[b]) * std::sqrt(known->inverse_variance.flux[b]));
  }
  return worst;
}

// The figures of an account are those that decided.
void expect_figures_decide(const BlobAccount& account, const JointSelection& rule) {
  for (std::size_t i = 0; i < account.sources.size(); ++i) {
    SCOPED_TRACE(i);
    const SourceAccount& s = account.sources[i];
    if (const auto& choice = s.told.choice) {
      std::optional<SourceKind> by_figures = select_jointly(choice->counted, rule, choice->evidence);
      if (choice->held && !choice->held->is_beyond()) by_figures = choice->held->less;
      EXPECT_EQ(by_figures, s.chosen);
      EXPECT_TRUE(!s.kept || s.last.is_composite() || s.last.kind == s.chosen);
    }
    if (s.split_from >= 0) {
      EXPECT_GT(s.told.by_split.chi2, s.told.by_split.asked);
      EXPECT_FALSE(account.sources[static_cast<std::size_t>(s.split_from)].kept && s.kept);
    }
    EXPECT_EQ(s.told.fate == SourceFate::kSuperfluous, s.told.other >= 0);
    EXPECT_FALSE(s.kept && s.told.fate != SourceFate::kStays);
    EXPECT_TRUE(s.told.other < 0 || s.told.by_loss.chi2 < s.told.by_loss.asked);
    for (const SourceAccount::Neighbour& n : s.neighbours)
      EXPECT_TRUE(account.sources[static_cast<std::size_t>(n.source)].kept && s.kept);
  }
}

TEST(Joint, IsNearerToTheTruthAndKnowsItsErrors) {
  const Field field(crowded_sky());
  BlobFitOptions options;
  const FittedCatalog alone = field.fit(options);
  options.joint = true;
  const FittedCatalog joint = field.fit(options);
  EXPECT_LE(worst_pull(field, joint, joint), 4.5);
  EXPECT_LT(worst_pull(field, joint, alone), worst_pull(field, alone, alone));
  const FittedSource *blended = field.nearest(joint, field.sky.truth[1]),
                     *isolated = field.nearest(joint, field.sky.truth[3]);
  ASSERT_EQ(blended->blendedness.size(), 3u);
  EXPECT_GT(blended->blendedness[1], 0.05);
  EXPECT_LT(isolated->blendedness[1], 1e-3);
  EXPECT_LT(blended->inverse_variance.flux[1],
            field.nearest(alone, field.sky.truth[1])->inverse_variance.flux[1]);
  ASSERT_EQ(blended->covariance.size(), 45u);  // 9 parameters
  for (const FittedSource& s : alone.sources) EXPECT_TRUE(s.covariance.empty() && s.blendedness.empty());

  // Fitted once more, sources stay at what is best for all of them.
  options.reoptimize = true;
  const FittedCatalog again = field.fit(options);
  for (const SourceModel& truth : field.sky.truth) {
    const FittedSource *before = field.nearest(joint, truth), *after = field.nearest(again, truth);
    for (std::size_t b = 0; b < truth.flux.size(); ++b)
      EXPECT_NEAR(
          (after->model.flux[b] - before->model.flux[b]) * std::sqrt(before->inverse_variance.flux[b]), 0,
          0.02);
  }
}

// Nearer to each other than the width of the PSF: one peak, which a galaxy fits well.
TEST(Joint, TwoStarsThatLookLikeAGalaxyAreTwo) {
  SyntheticSky sky(80, 70);
  sky.add(kPsf, 38.0, 34.2, {6, 9, 12});
  sky.add(kPsf, 41.6, 35.9, {5, 7, 10});
  sky.expose(2);
  const Field field(std::move(sky));
  BlobFitOptions options;
  options.joint = options.accounts = true;
  const FittedCatalog joint = field.fit(options);
  ASSERT_EQ(joint.sources.size(), 2u);
  EXPECT_LE(worst_pull(field, joint, joint), 4.5);
  ASSERT_EQ(joint.accounts.size(), 1u);
  const BlobAccount& account = joint.accounts[0];
  expect_figures_decide(account, options.together);
  ASSERT_EQ(account.sources.size(), 3u);
  EXPECT_EQ(account.sources[0].told.fate, SourceFate::kTwo);
  for (const int half : {1, 2}) {
    const SourceAccount& s = account.sources[static_cast<std::size_t>(half)];
    EXPECT_EQ(s.split_from, 0);
    ASSERT_EQ(s.neighbours.size(), 1u);
    EXPECT_EQ(s.neighbours[0].source, 3 - half);
    EXPECT_NEAR(std::accumulate(s.told.weights.begin(), s.told.weights.end(), 0.0), 1, 1e-9);
  }
}

// One peak; as one source it is a star with a tail, or a galaxy without a size.
TEST(Joint, AStarAndItsFaintCompanionAreTwo) {
  SyntheticSky sky(80, 70);
  sky.add(kPsf, 38.0, 34.2, {1.5, 2.2, 3});
  sky.add(kPsf, 41.4, 35.1, {0.4, 0.6, 0.7});
  sky.expose(2);
  const Field field(std::move(sky));
  ASSERT_EQ(field.found.sources.size(), 1u);
  BlobFitOptions options;
  EXPECT_EQ(field.fit(options).sources.size(), 1u);
  options.joint = true;
  const FittedCatalog joint = field.fit(options);
  ASSERT_EQ(joint.sources.size(), 2u);
  EXPECT_LE(worst_pull(field, joint, joint), 4.5);
}

// A galaxy 1.3 arcsec from a brighter star, where residuals are four times the pixels' errors: what chi-squared loses without
// it is four times the share of the star's gain that is asked of two, and a fifth of that share times the excess.
TEST(Joint, AGalaxyBesideABrighterStarIsNotLost) {
  SyntheticSky sky(100, 100);
  sky.add(kPsf, 48.0, 50.2, {75, 150, 240});
  sky.add(kDev, 53.0, 50.9, {30, 60, 96}, {2, 0.2, 0.1});
  sky.expose(1, 0.04);
  Field field(std::move(sky));
  for (CcdImage& image : field.sky.images)
    for (int y = 0; y < image.inverse_error.height(); ++y)
      for (int x = 0; x < image.inverse_error.width(); ++x) image.inverse_error(x, y) *= 4;
  BlobFitOptions options;
  options.joint = true;
  const FittedCatalog joint = field.fit(options);
  ASSERT_EQ(joint.sources.size(), 2u);
  EXPECT_EQ(field.nearest(joint, field.sky.truth[0])->model.kind, kPsf);
  const FittedSource* galaxy = field.nearest(joint, field.sky.truth[1]);
  EXPECT_TRUE(galaxy->model.is_galaxy());
  EXPECT_NEAR(galaxy->model.flux[1] / 60, 1, 0.05);
}

// Found apart, or taken apart, before its kind was known, each of two has what the other leaves.
TEST(Joint, AGalaxyBesideAStarIsOneSource) {
  constexpr int kAcross = 5, kApart = 44;
  SyntheticSky sky(kAcross * kApart, kAcross * kApart);
  for (int i = 0; i < kAcross * kAcross; ++i) {
    const double x = (i % kAcross + 0.5) * kApart + 0.13 * i, y = (i / kAcross + 0.5) * kApart - 0.17 * i;
    const double flux = 2 + i % 4, angle = 2.4 * i, distance = 5.8 + 0.1 * i;
    sky.add(kRex, x, y, {flux, 1.5 * flux, 2 * flux}, {0.7 + 0.02 * i, 0, 0});
    sky.add(kPsf, x + distance * std::cos(angle), y + distance * std::sin(angle),
            {0.7 * flux, flux, 1.4 * flux});
  }
  sky.expose(2);
  const Field field(std::move(sky));
  BlobFitOptions options;
  options.joint = options.accounts = true;
  const FittedCatalog joint = field.fit(options);
  EXPECT_EQ(joint.sources.size(), field.sky.truth.size());
  EXPECT_LE(worst_pull(field, joint, joint), 4.5);
  // Beside the star as it was, one in ten is an ellipse.
  for (const SourceModel& truth : field.sky.truth)
    EXPECT_EQ(kind_name(field.nearest(joint, truth)->model.kind), kind_name(truth.kind)) << truth.ra;
  bool any_superfluous = false;
  for (const BlobAccount& account : joint.accounts) {
    expect_figures_decide(account, options.together);
    for (const SourceAccount& s : account.sources)
      any_superfluous = any_superfluous || s.told.fate == SourceFate::kSuperfluous;
  }
  EXPECT_TRUE(any_superfluous);
}

// What it leaves is less than is found as a source by itself: it has taken the most of it.
TEST(Joint, AFaintStarThatAGalaxyHasTakenIsASource) {
  SyntheticSky sky(80, 70);
  sky.add(kExp, 38.0, 34.2, {9.2, 9.6, 17.6}, {0.76, 0.1, -0.1});
  sky.add(kPsf, 43.7, 31.6, {0.42, 0.42, 0.56});
  sky.expose(1);
  const Field field(std::move(sky));
  ASSERT_EQ(field.found.sources.size(), 1u);
  BlobFitOptions options;
  options.joint = true;
  options.iterative = false;
  const FittedCatalog joint = field.fit(options);
  ASSERT_EQ(joint.sources.size(), 2u);
  EXPECT_LE(worst_pull(field, joint, joint), 4.5);
}

// Sharp on the first image, they are apart there alone.
TEST(Joint, OverlapIsThatOfTheWidestImage) {
  SyntheticSky sky(90, 70);
  sky.fwhm = {2.7, 7.6, 7.6};
  sky.add(kPsf, 38.0, 34.2, {5, 5, 5});
  sky.add(kPsf, 47.3, 35.9, {5, 5, 5});
  sky.expose(1);
  const Field field(std::move(sky));
  BlobFitOptions options;
  options.joint = true;
  const FittedCatalog joint = field.fit(options);
  ASSERT_EQ(joint.sources.size(), 2u);
  for (const FittedSource& s : joint.sources) {
    ASSERT_EQ(s.blendedness.size(), 3u);
    EXPECT_GT(s.blendedness[1], 0.003);
  }
}

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

// A round galaxy, alone.
SyntheticSky round_galaxy() {
  SyntheticSky sky(70, 70);
  sky.add(kExp, 34.3, 35.2, {3, 5, 7}, {1, 0, 0});
  sky.expose(2);
  return sky;
}

// Kinds of the same pixels with errors that are too small by any factor are the same: what improvements are larger by,
// residuals are too.
TEST(Joint, IsNotTakenInByErrorsThatAreTooSmall) {
  BlobFitOptions options;
  options.joint = true;
  options.iterative = false;
  options.together.split_gain = options.together.split_gain_of_round = 1e9;
  Field field(round_galaxy());
  EXPECT_EQ(field.nearest(field.fit(options), field.sky.truth[0])->model.kind, kRex);
  for (const float factor : {3.0F, 10.0F, 30.0F, 100.0F}) {
    Field wrong(round_galaxy());
    for (CcdImage& image : wrong.sky.images)
      for (int y = 0; y < image.inverse_error.height(); ++y)
        for (int x = 0; x < image.inverse_error.width(); ++x) image.inverse_error(x, y) *= factor;
    const FittedCatalog catalog = wrong.fit(options);
    ASSERT_EQ(catalog.sources.size(), 1u);
    const FittedSource& s = catalog.sources[0];
    EXPECT_EQ(s.model.kind, kRex) << factor << ": " << s.dchisq[0] << " " << s.dchisq[1] << " " << s.dchisq[2]
                                  << " " << s.dchisq[3] << " " << s.dchisq[4];
  }
}

// What is known of faint galaxies beforehand does not count less where residuals are larger than their errors; what the
// pixels say does, alike for the kind, for its weight and for its errors.
TEST(Joint, WhatIsKnownBeforehandIsKnownWhateverTheResidualsAre) {
  SyntheticSky sky(60, 60);
  sky.add(kRex, 30.3, 29.2, {0.15, 0.18, 0.21}, {0.3, 0, 0});
  sky.expose(2);
  for (CcdImage& image : sky.images)
    for (int y = 0; y < image.inverse_error.height(); ++y)
      for (int x = 0; x < image.inverse_error.width(); ++x) image.inverse_error(x, y) *= 2;
  const Field field(std::move(sky));
  BlobFitOptions options;
  options.joint = options.accounts = true;
  options.iterative = false;
  options.together.split_gain = options.together.split_gain_of_round = 1e9;
  const FittedCatalog catalog = field.fit(options);
  ASSERT_EQ(catalog.sources.size(), 1u);
  const FittedSource& s = catalog.sources[0];
  ASSERT_EQ(s.model.kind, kRex);
  const JointAccount& told = catalog.accounts.at(0).sources.at(0).told;
  ASSERT_TRUE(told.choice);
  const JointEvidence& evidence = told.choice->evidence;
  EXPECT_GT(told.excess, 3);
  EXPECT_NEAR(evidence.excess, told.excess, 0.05);
  ASSERT_TRUE(evidence.odds_of_round);
  const std::size_t star = dchisq_index(kPsf), round = dchisq_index(kRex);
  const double gained = s.dchisq[round] - s.dchisq[star];
  ASSERT_GT(told.weights[star], 0);
  EXPECT_NEAR(2 * std::log(told.weights[round] / told.weights[star]),
              gained / evidence.excess + *evidence.odds_of_round, 0.02);
  const double re = std::exp(s.model.shape.log_re), sigma = options.together.prior.width_of_log_re;
  EXPECT_GT(s.inverse_variance.re * re * re * sigma * sigma, 1);
}

// A galaxy on a halo that is as high as several times the errors is what it is without, with the same errors.
TEST(Joint, ABackgroundThatIsFittedIsNoExcess) {
  const auto fitted = [](float halo) {
    SyntheticSky sky(70, 70);
    sky.add(kExp, 34.3, 35.2, {3, 5, 7}, {0.8, 0.1, 0});
    sky.expose(2);
    Field field(std::move(sky));
    field.reference_mask = Image<std::uint8_t>(70, 70, refbit::kMedium);
    for (CcdImage& image : field.sky.images)
      for (int y = 0; y < image.data.height(); ++y)
        for (int x = 0; x < image.data.width(); ++x) image.data(x, y) += halo;
    BlobFitOptions options;
    options.joint = true;
    options.iterative = false;
    const FittedCatalog catalog = field.fit(options);
    return *field.nearest(catalog, field.sky.truth[0]);
  };
  const FittedSource without = fitted(0), with = fitted(0.05F);
  EXPECT_EQ(without.model.kind, kExp);
  EXPECT_EQ(with.model.kind, kExp) << with.dchisq[dchisq_index(kExp)] - with.dchisq[dchisq_index(kRex)];
  EXPECT_NEAR(with.inverse_variance.flux[1] / without.inverse_variance.flux[1], 1, 0.2);
}

// Of a bright star 42 pixels away, which nothing is known of: its halo is 0.01 nanomaggies here and 50 times as bright where the window ends.
TEST(Joint, AHaloThatIsNoConstantTakesNoLight) {
  SyntheticSky sky(90, 70);
  sky.add(kPsf, 28.3, 35.2, {6, 10, 14});
  sky.expose(2);
  Field field(std::move(sky));
  const Image<std::uint8_t> everything(90, 70, 1);
  field.found.blobs = make_blobs(everything.const_view(), field.found.sources);
  field.reference_mask = Image<std::uint8_t>(90, 70, refbit::kMedium);
  for (CcdImage& image : field.sky.images) {
    image.psf = Psf({test::gaussian_stamp(63, image.psf_fwhm / 2.35)}, {}, image.psf_fwhm);
    for (int y = 0; y < image.data.height(); ++y)
      for (int x = 0; x < image.data.width(); ++x) {
        const auto at =
            field.sky.brick.sky_to_pixel(image.wcs.pixel_to_sky(x, y).ra, image.wcs.pixel_to_sky(x, y).dec);
        const double r = std::hypot(at->x - 70, at->y - 35) / 6;
        image.data(x, y) += static_cast<float>(4 * std::pow(1 + r * r, -1.5));
      }
  }
  BlobFitOptions options;
  options.joint = true;
  options.iterative = false;
  const FittedCatalog catalog = field.fit(options);
  const FittedSource* star = field.nearest(catalog, field.sky.truth[0]);
  ASSERT_TRUE(star);
  for (std::size_t b = 0; b < 3; ++b)
    EXPECT_NEAR(star->model.flux[b] / field.sky.truth[0].flux[b], 1, 0.05) << b;
}

// What the fit's steps have come to, as far as it is known.
class Known : public BlobMemory {
 public:
  Kept recall(int, int) override { return {{}, steps}; }
  void keep_step(int, int, const SourceState& after) override { told.push_back(after); }
  void keep(const BlobResult&) override {}
  void interrupted() override {}
  std::vector<SourceState> steps, told;
};

// Interrupted after any step, one that goes on with the steps before it makes no other bytes, and works none of them out
// again; two that one was split into are among them.
TEST(Joint, GoesOnFromWhatIsKnown) {
  SyntheticSky sky(80, 70);
  sky.add(kPsf, 38.0, 34.2, {6, 9, 12});
  sky.add(kPsf, 41.6, 35.9, {5, 7, 10});
  sky.add(kExp, 26.0, 41.9, {6, 8, 11}, {0.9, 0.2, 0.1});
  sky.expose(1);
  const Field field(std::move(sky));
  ASSERT_EQ(field.found.blobs.blobs.size(), 1u);
  BlobFitOptions options;
  options.joint = true;
  Known undisturbed;
  BlobFitHooks hooks;
  hooks.memory = &undisturbed;
  const std::string bytes = bytes_of(field.fit(options, hooks));
  const std::size_t all = undisturbed.told.size();
  const auto split = std::ranges::find(undisturbed.told, SourceFate::kTwo,
                                       [](const SourceState& s) { return s.told.fate; }) -
                     undisturbed.told.begin();
  ASSERT_LT(split, static_cast<std::ptrdiff_t>(all));
  for (const std::size_t known : {static_cast<std::size_t>(split) + 3, all - 1, all}) {
    SCOPED_TRACE(known);
    Known again;
    again.steps.assign(undisturbed.told.begin(),
                       undisturbed.told.begin() + static_cast<std::ptrdiff_t>(known));
    int asked = 0;
    hooks.memory = &again;
    hooks.cancelled = [&] {
      ++asked;
      return false;
    };
    EXPECT_EQ(bytes_of(field.fit(options, hooks)), bytes);
    EXPECT_EQ(again.told.size(), all - known);
    if (known == all) {
      EXPECT_EQ(asked, 1);  // before the blob, and before no source
    }
  }
}

// A galaxy that has a hole where its bulge would be.
TEST(Joint, ABulgePlusDiskThatLosesItsBulgeIsWhatItWasWithoutIt) {
  SyntheticSky sky(70, 70);
  sky.add(kExp, 34.3, 35.2, {12, 18, 24}, {1.5, 0.3, 0.1});
  sky.add(kPsf, 34.3, 35.2, {-0.5, -0.8, -1});
  sky.expose(1);
  const Field field(std::move(sky));
  ASSERT_EQ(field.found.blobs.blobs.size(), 1u);
  BlobFitOptions options;
  options.joint = true;
  options.iterative = false;
  options.together.composites = CompositeTrials::kAll;
  options.together.split_gain = options.together.split_gain_of_round = 1e9;
  Known undisturbed;
  BlobFitHooks hooks;
  hooks.memory = &undisturbed;
  const FittedCatalog plain = field.fit(options, hooks);
  ASSERT_EQ(plain.sources.size(), 1u);
  ASSERT_EQ(plain.sources[0].model.kind, kSer);
  int settled = 0;
  // Nothing is fitted after the last fit, behind which it is asked once more what goes.
  for (std::size_t n = 1; n + 2 < undisturbed.told.size(); ++n) {
    Known known;
    known.steps.assign(undisturbed.told.begin(), undisturbed.told.begin() + static_cast<std::ptrdiff_t>(n));
    SourceState& last = known.steps.back();
    if (!last.model_chosen || !last.model.is_galaxy()) continue;
    last.model.kind = kComp;
    last.model.bulge = Bulge{{std::log(0.5), 0, 0}, {0.1, 0.1, 0.1}};
    last.composite_gain = 30;
    last.unsettled = 1e9;
    hooks.memory = &known;
    const FittedCatalog catalog = field.fit(options, hooks);
    ASSERT_EQ(catalog.sources.size(), 1u);
    EXPECT_EQ(kind_name(catalog.sources[0].model.kind), "SER") << n;
    ++settled;
  }
  EXPECT_GT(settled, 0);
}

// Beyond the most work nothing is decided any more; what is there is fitted.
TEST(Joint, AFitThatTakesAllTheWorkThatItMayEndsAndSaysSo) {
  const Field field(crowded_sky());
  BlobFitOptions options;
  options.joint = true;
  const FittedCatalog whole = field.fit(options);
  options.together.most_steps = 1;
  const FittedCatalog cut = field.fit(options);
  ASSERT_EQ(whole.blobs.size(), cut.blobs.size());
  const auto is_cut = [](const BlobReport& r) { return r.cut_short && !r.message.empty(); };
  EXPECT_TRUE(std::ranges::none_of(whole.blobs, is_cut));
  EXPECT_TRUE(std::ranges::all_of(cut.blobs, is_cut));
  const SourceModel& isolated = field.sky.truth[3];
  for (std::size_t b = 0; b < isolated.flux.size(); ++b)
    EXPECT_NEAR(field.nearest(cut, isolated)->model.flux[b] / isolated.flux[b], 1, 0.05);
}

// One peak, of two stars, and a faint star beside it that is found in what they leave. Where the work is spent before the
// search, after it, and after the two are two, nothing more is found; what is there has its kind.
TEST(Joint, NothingIsSplitWithoutWorkLeftAndWhatIsSplitHasItsKinds) {
  SyntheticSky sky(70, 60);
  sky.add(kPsf, 28.0, 24.2, {6, 9, 12});
  sky.add(kPsf, 31.6, 25.9, {5, 7, 10});
  sky.add(kPsf, 30.0, 33.9, {0.6, 0.6, 0.6});
  sky.expose(1);
  const Field field(std::move(sky));
  BlobFitOptions options;
  options.joint = options.accounts = true;
  for (const auto& [steps, found, halves] : {std::array{10, 1, 0}, {20, 2, 0}, {29, 2, 2}}) {
    SCOPED_TRACE(steps);
    options.together.most_steps = steps;
    const FittedCatalog cut = field.fit(options);
    EXPECT_TRUE(cut.blobs.at(0).cut_short);
    const std::vector<SourceAccount>& all = cut.accounts.at(0).sources;
    const auto is_half = [](const SourceAccount& s) { return s.split_from >= 0; };
    EXPECT_EQ(std::ranges::count_if(all, is_half), halves);
    EXPECT_EQ(static_cast<int>(all.size()) - halves, found);
    for (const SourceAccount& s : all) EXPECT_TRUE(!s.kept || s.chosen);
    for (const FittedSource& s : cut.sources)
      EXPECT_GT(*std::ranges::max_element(s.dchisq), options.together.margins.detection);
  }
}

// What is drawn on more pixels than it was fitted on, has been fitted nowhere there.
TEST(Joint, AGalaxyGrowsNoFurtherThanItsPixelsBearOut) {
  SourceModel galaxy;
  galaxy.kind = kExp;
  galaxy.shape.log_re = std::log(5.0);
  const auto most = [&](double reach, bool may_grow) {
    return std::exp(most_log_re(galaxy, reach, may_grow));
  };
  EXPECT_NEAR(most(16, true), 10, 1e-9);   // twice its radius
  EXPECT_NEAR(most(100, true), 25, 1e-9);  // a quarter of its pixels
  EXPECT_NEAR(most(100, false), 10, 1e-9);
  galaxy.shape.log_re = std::log(0.5);
  EXPECT_NEAR(most(4, false), 3, 1e-9);  // any to what is usual
}

TEST(Joint, DoesNotDependOnTheNumberOfThreads) {
  const Field field(crowded_sky());
  BlobFitOptions options;
  options.joint = true;
  options.together.largest_group = 2;  // overlapping parts
  std::string first;
  for (const int threads : {1, 2, 8}) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    const FittedCatalog catalog = field.fit(options);
    std::string bytes = bytes_of(catalog);
    for (const FittedSource& s : catalog.sources)
      bytes.append(reinterpret_cast<const char*>(s.covariance.data()), s.covariance.size() * sizeof(float));
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes, first) << threads;
  }
}

// What a source has grown by since it was fitted: chi of the pixels that were in no window of its.
TEST(BlobImages, LightBesideIsOfThePixelsThatWereNotFitted) {
  SyntheticSky sky(40, 30);
  sky.add(kPsf, 20.2, 15.1, {6, 9, 12});
  sky.expose(1);
  BlobTask task;
  task.box = Box::from_size(40, 30);
  task.mask = Image<std::uint8_t>(40, 30);
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 40; ++x) task.mask(x, y) = 1;
  BlobImages images(sky.images, sky.bands, sky.brick, task, 400, GalaxyProfiles::kSersic);
  BlobImage& image = images.images().front();
  for (int y = 0; y < image.data.height(); ++y)
    for (int x = 0; x < image.data.width(); ++x) image.inverse_error(x, y) = x == 10 ? 0.0F : 2.0F;
  const auto patch = [&](int x0, int y0, int width, int height) {
    SourcePatches out(images.images().size());
    Image<float> pixels(width, height);
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) pixels(x, y) = 3;
    out.front() = Patch{std::move(pixels), x0, y0};
    return out;
  };
  const SourcePatches drawn = patch(8, 5, 10, 6);
  EXPECT_NEAR(images.light_beside(drawn, {}), 6 * std::sqrt(9 * 6), 1e-5);  // a column is masked
  EXPECT_NEAR(images.light_beside(drawn, patch(8, 5, 10, 4)), 6 * std::sqrt(9 * 2), 1e-5);
  EXPECT_NEAR(images.light_beside(drawn, patch(11, 0, 20, 20)), 6 * std::sqrt(2 * 6), 1e-5);
  EXPECT_EQ(images.light_beside(drawn, patch(7, 5, 12, 8)), 0);
}

TEST(SelectJointly, TakesTheSimplestThatIsGoodEnough) {
  const JointSelection o;
  const auto chosen = [&](double psf, double rex, double dev, double exp, double ser) {
    return select_jointly({psf, rex, dev, exp, ser}, o);
  };
  EXPECT_EQ(chosen(20, 21, 22, 23, 24), std::nullopt);
  EXPECT_EQ(chosen(100, 100.5, 0, 0, 0), kPsf);
  EXPECT_EQ(chosen(100, 110, 115, 117, 117), kRex);
  EXPECT_EQ(chosen(100, 110, 115, 122, 124), kExp);
  EXPECT_EQ(chosen(100, 110, 125, 122, 124), kDev);
  EXPECT_EQ(chosen(100, 110, 125, 122, 140), kSer);
  const auto without_round = [&](double psf, double exp, std::optional<double> ser) {
    return select_jointly({psf, std::nullopt, std::nullopt, exp, ser}, o);
  };
  EXPECT_EQ(without_round(100, 108, std::nullopt), kPsf);
  EXPECT_EQ(without_round(100, 108, 116), kPsf);
  EXPECT_EQ(without_round(100, 110, std::nullopt), kExp);
  EXPECT_EQ(chosen(1e6, 2e6, 1.9e6, 2e6 + 50, 2e6 + 100), kRex);  // and no galaxy's profile
  EXPECT_EQ(chosen(1e6, 2e6, 1.9e6, 2e6 + 100, 2e6 + 150), kExp);
  EXPECT_EQ(chosen(1e6, 1e6 + 3000, 1e6 + 3000, 1e6 + 3000, 1e6 + 3000), kPsf);  // no PSF is perfect
}

// A galaxy 2 arcsec from a brighter star of an imperfect PSF: what it is worth is more than a share of the star's gain, and
// less than that share times the excess, which the PSF makes itself.
TEST(SelectJointly, AsksForNoShareTimesTheExcess) {
  constexpr double kExcess = 15.04, kOfStar = 134'325, kLossWithoutGalaxy = 506'458;
  EXPECT_LT(asked_gain(24, kExcess, kOfStar), kLossWithoutGalaxy);
  EXPECT_DOUBLE_EQ(asked_gain(24, kExcess, 100), 24 * kExcess);
  EXPECT_DOUBLE_EQ(
      (ModelComparison{.more = kExp, .less = kRex, .margin = 9, .occam = 12, .excess = 2, .share = 3}
           .asked()),
      24);
}

// Where a star and a round galaxy do as well, it is how many there are of each that decides; where the star is bright, a
// share of what it gains.
TEST(SelectJointly, AFaintSourceIsWhatThereIsMoreOf) {
  const auto chosen = [](double psf, double rex, double odds, double excess = 1) {
    return select_jointly({psf, rex, {}, {}, {}}, {}, {excess, {}, odds});
  };
  EXPECT_EQ(chosen(100, 99, 4), kRex);
  EXPECT_EQ(chosen(100, 96, 4), kPsf);  // not by less than -3.6
  EXPECT_EQ(chosen(100, 101, -1), kPsf);
  EXPECT_EQ(chosen(100, 102, -1), kRex);
  EXPECT_EQ(chosen(1000, 1000.9, 3), kPsf);  // 0.4 % of 1000 less 3
  EXPECT_EQ(chosen(1000, 1001.1, 3), kRex);
  EXPECT_EQ(chosen(1000, 999, 3, 2), kRex);  // improvements count half
  // What a galaxy of another kind gains over a round one counts for it.
  EXPECT_EQ(select_jointly({100, 96, {}, 110, {}}, {}, {1, {}, -5}), kExp);
}

TEST(SelectJointly, TakesWhatHasTheGreaterEvidence) {
  constexpr std::optional<double> kNo = std::nullopt;
  struct Case {
    ModelImprovements improvement;  // psf, rex, dev, exp, ser
    JointEvidence evidence;         // excess; 2 ln of Occam's factors
    SourceKind chosen;
  };
  const ModelImprovements faint{kNo, -5, -9, -11, -14}, bright{kNo, -9, -20, -24, -38};
  const Case cases[] = {
      {{1000, 2000, 1950, 2009.1, 2009.1}, {}, kExp},          // not worked out: the margins alone
      {{1000, 2000, 1950, 2008.9, 2008.9}, {1, faint}, kRex},  // a margin of 9 at least
      {{1000, 2000, 1950, 2009.1, 2009.1}, {1, faint}, kExp},
      {{1000, 2000, 1950, 2014.9, 2014.9}, {1, bright}, kRex},  // well measured: -9 + 24
      {{1000, 2000, 1950, 2015.1, 2015.1}, {1, bright}, kExp},
      {{1000, 2000, 2008.9, 1990, 2008.9}, {1.5, bright}, kRex},
      {{1000, 2000, 2009.1, 1990, 2009.1}, {1.5, bright}, kDev},  // whose light lies elsewhere
      {{1000, 2000, 1950, 2015.1, 2015.1}, {1.5, bright}, kRex},  // residuals of 1.5 times the errors'
      {{1000, 2000, 1950, 2022.6, 2022.6}, {1.5, bright}, kExp},
      {{1000, 2000, 1950, 2100, 2108.9}, {1, faint}, kExp},
      {{1000, 2000, 1950, 2100, 2109.1}, {1, faint}, kSer},
      {{1000, 2000, 1950, 2100, 2113.9}, {1, bright}, kExp},  // -24 + 38
      {{1000, 2000, 1950, 2100, 2114.1}, {1, bright}, kSer},
  };
  for (const Case& c : cases)
    EXPECT_EQ(select_jointly(c.improvement, {}, c.evidence), c.chosen)
        << *c.improvement[2] << " " << *c.improvement[3] << " " << *c.improvement[4] << " / "
        << c.evidence.excess;
}

}  // namespace
}  // namespace brickline
