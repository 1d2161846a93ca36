// Errors of sources that are fitted together: where residuals are larger than the pixels' errors, where something is known
// beforehand, and over a background.
#include <gtest/gtest.h>

#include <cmath>

#include "core/blobs/joint_selection.h"
#include "core/survey/bits.h"
#include "tests/blobs/field.h"

namespace brickline {
namespace {

using enum SourceKind;
using test::Field;
using test::SyntheticSky;

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

}  // namespace
}  // namespace brickline
