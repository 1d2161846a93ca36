#include "core/fit/source_fitter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/support/three_bands.h"

namespace brickline {
namespace {

using test::start_of;
using test::ThreeBands;
using test::truth_of;

class ReferenceFits : public testing::TestWithParam<std::pair<const char*, SourceKind>> {};

TEST_P(ReferenceFits, EndAsHighAndAtTheSameParameters) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const auto [name, kind] = GetParam();
  const nlohmann::json expected = test::engine_check()["fits"]["results"][name];
  const ThreeBands scene(truth_of(kind));
  SourceFitter fitter;
  const SourceModel start = start_of(kind);
  const FitResult before = fitter.evaluate(start, scene.images);
  EXPECT_NEAR(before.ln_prob, expected["lnprob_start"].get<double>(), 0.02);
  const FitResult r = fitter.fit(start, scene.images);
  EXPECT_EQ(r.status, FitStatus::kConverged);
  EXPECT_GE(r.ln_prob, expected["lnprob_polished"].get<double>() - 0.02);
  EXPECT_LE(r.ln_prob, expected["lnprob_polished"].get<double>() + 0.02);
  RecordProperty("ln_prob", std::to_string(r.ln_prob));
  std::vector<double> found = {r.model.ra, r.model.dec, r.model.flux[0], r.model.flux[1], r.model.flux[2]};
  if (kind != SourceKind::kPsf) found.push_back(r.model.shape.log_re);
  if (kind != SourceKind::kPsf && kind != SourceKind::kRex) {
    found.push_back(r.model.shape.ee1);
    found.push_back(r.model.shape.ee2);
  }
  if (kind == SourceKind::kSer) found.push_back(r.model.sersic_index);
  ASSERT_EQ(found.size(), expected["polished"].size());
  // The reference's variances of shapes are for (re, e1, e2); close enough to these for a tenth of a sigma.
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], expected["polished"][i].get<double>(),
                0.1 / std::sqrt(expected["ivars_mask"][i].get<double>()))
        << i;
}

INSTANTIATE_TEST_SUITE_P(EveryKind, ReferenceFits,
                         testing::Values(std::pair{"psf", SourceKind::kPsf},
                                         std::pair{"rex", SourceKind::kRex},
                                         std::pair{"exp", SourceKind::kExp},
                                         std::pair{"dev", SourceKind::kDev},
                                         std::pair{"ser", SourceKind::kSer}),
                         [](const auto& info) { return std::string(info.param.first); });

// The reference stops at ln P -13453 here, because one parameter at its bound stops all.
TEST(SourceFitter, ABoundedRadiusDoesNotStopTheOthers) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const ThreeBands scene(truth_of(SourceKind::kDev));
  SourceModel start = start_of(SourceKind::kDev);
  start.max_log_re = -0.2;
  SourceFitter fitter;
  const FitResult r = fitter.fit(start, scene.images);
  EXPECT_TRUE(r.ok()) << status_name(r.status);
  EXPECT_GE(r.ln_prob, -13373.4);
  EXPECT_NEAR(r.model.shape.log_re, -0.2, 1e-9);
  EXPECT_TRUE(r.at_radius_limit);
  EXPECT_NEAR(r.model.flux[1], 7.47986, 0.02);
}

TEST(SourceFitter, AConstantSkyPerImageIsFoundAlongWithTheSource) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  ThreeBands scene(truth_of(SourceKind::kPsf));
  const double offsets[3] = {0.005, -0.002, 0.01}, expected[3] = {0.004967, -0.002012, 0.009974};
  for (int i = 0; i < 3; ++i)
    for (int y = 0; y < 90; ++y)
      for (int x = 0; x < 100; ++x) scene.data[i](x, y) += static_cast<float>(offsets[i]);
  FitOptions options;
  options.fit_sky = true;
  SourceFitter fitter(options);
  const FitResult r = fitter.fit(start_of(SourceKind::kPsf), scene.images);
  EXPECT_EQ(r.status, FitStatus::kConverged);
  EXPECT_NEAR(r.ln_prob, -13369.8961, 0.02);
  ASSERT_EQ(r.sky.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(r.sky[i], expected[i], 3e-6) << i;
}

// A star is no better a galaxy than it is; that is known before the fit has come to its end.
TEST(SourceFitter, WhatWillNotBeGoodEnoughIsGivenUp) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const ThreeBands scene(truth_of(SourceKind::kPsf));
  SourceModel start = start_of(SourceKind::kDev);
  start.ra += 0.3 / 3600;
  SourceFitter fitter;
  const FitResult whole = fitter.fit(start, scene.images);
  ASSERT_EQ(whole.status, FitStatus::kConverged);
  fitter.options().hopeless_chi2 = whole.chi2 + 1;
  EXPECT_EQ(fitter.fit(start, scene.images).ln_prob, whole.ln_prob);
  fitter.options().hopeless_chi2 = whole.chi2 - 100;
  const FitResult given_up = fitter.fit(start, scene.images);
  EXPECT_EQ(given_up.status, FitStatus::kStalled);
  EXPECT_LT(given_up.derivative_evaluations, whole.derivative_evaluations);
}

TEST(SourceFitter, ARexOnAStarShrinksToIt) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const ThreeBands scene(truth_of(SourceKind::kPsf));
  SourceFitter fitter;
  const FitResult r = fitter.fit(start_of(SourceKind::kRex), scene.images);
  EXPECT_TRUE(r.ok());
  EXPECT_GE(r.ln_prob, -13369.9035 - 0.02);
}

}  // namespace
}  // namespace brickline
