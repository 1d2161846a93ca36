// Sources of a blob fitted together: nearer to the truth than one after the other, with errors that say so, and as many as
// there are. Kinds: joint_kinds_test.cpp; residuals, priors and backgrounds: joint_errors_test.cpp; resumed, bounded, on any
// number of threads: joint_course_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "core/blobs/blob_images.h"
#include "core/blobs/joint_selection.h"
#include "core/blobs/source_selection.h"
#include "tests/blobs/joint_scene.h"

namespace brickline {
namespace {

using enum SourceKind;
using test::crowded_sky;
using test::Field;
using test::SyntheticSky;

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

// Stars and galaxies wherever, most of them in others' light.
SyntheticSky scattered_sky(unsigned seed) {
  std::mt19937 random(seed);
  const auto share = [&] { return random() / 4294967296.0; };
  constexpr int kSide = 48, kMargin = 8;
  SyntheticSky sky(kSide, kSide);
  for (int i = 0; i < 16; ++i) {
    const double x = kMargin + share() * (kSide - 2 * kMargin), y = kMargin + share() * (kSide - 2 * kMargin);
    const double f = std::exp(3 * share());
    if (i % 3 == 0)
      sky.add(kExp, x, y, {2 * f, 3 * f, 4 * f}, {0.8 + share(), 0.2, -0.1});
    else
      sky.add(kPsf, x, y, {f, 1.5 * f, 2 * f});
  }
  sky.expose(1);
  return sky;
}

// Sources are fitted again until nothing that has become of others moves them: another round changes nothing. Without
// what they feel of each other (BlobRun::feel) it moves some by 0.1 and 0.3 of their errors.
TEST(Joint, EndsWhereAnotherRoundChangesNothing) {
  for (const unsigned seed : {1U, 3U}) {
    SCOPED_TRACE(seed);
    const Field field(scattered_sky(seed));
    BlobFitOptions options;
    options.joint = true;
    const FittedCatalog once = field.fit(options);
    options.reoptimize = true;
    const FittedCatalog again = field.fit(options);
    ASSERT_EQ(once.sources.size(), again.sources.size());
    double worst = 0;
    for (const FittedSource& a : once.sources) {
      const FittedSource* b = field.nearest(again, a.model);
      for (std::size_t band = 0; band < a.model.flux.size(); ++band)
        worst = std::max(worst, std::abs(b->model.flux[band] - a.model.flux[band]) *
                                    std::sqrt(a.inverse_variance.flux[band]));
    }
    EXPECT_LT(worst, 0.06);
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

}  // namespace
}  // namespace brickline
