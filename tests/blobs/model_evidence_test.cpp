// What a galaxy's model claims for its parameters, and what is not known of its light because of the others.
#include "core/blobs/model_evidence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "core/blobs/model_spread.h"

namespace brickline {
namespace {

using enum SourceKind;

SourceModel galaxy(SourceKind kind, double e) {
  SourceModel m;
  m.kind = kind;
  m.shape = {std::log(0.5), -std::log1p(-e), 0};
  m.sersic_index = 2;
  m.flux = {1, 2};
  return m;
}

// Lower triangle of a diagonal covariance of (re, e1, e2, index).
std::vector<float> diagonal(double re, double e1, double e2, double index) {
  const double sigma[] = {re, e1, e2, index};
  std::vector<float> out;
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j <= i; ++j) out.push_back(static_cast<float>(i == j ? sigma[i] * sigma[i] : 0));
  return out;
}

TEST(OccamTerm, IsTheShareOfThePriorThatTheDataLeave) {
  constexpr double kPi = std::numbers::pi;
  const FitOptions fit;
  const double re = 0.01, log_re = re / 0.5, e = 0.2, sigma = 0.03;
  const auto term = [&](SourceKind kind, double index) {
    return *occam_term(galaxy(kind, kind == kRex ? 0 : e), diagonal(re, sigma, sigma, index), fit, {});
  };
  const double rex = term(kRex, 0), exp = term(kExp, 0);
  EXPECT_NEAR(rex, std::log(2 * kPi * log_re * log_re), 1e-2);
  // sqrt(det(2 pi C)) times the density of the ellipticity, twice its logarithm.
  const double at = std::hypot(e, sigma);
  EXPECT_NEAR(exp - rex, 2 * std::log(2 * kPi * sigma * sigma / (kPi * at * (1 + at) * (1 + at))), 1e-6);
  EXPECT_NEAR(term(kSer, 0.1) - exp, std::log(2 * kPi * 0.1 * 0.1 / (5.5 * 5.5)), 0.01);
  // An index that is not known at all costs next to nothing.
  EXPECT_GT(term(kSer, 100) - exp, -1);
  EXPECT_LT(term(kSer, 100) - exp, 0.2);
  EXPECT_FALSE(occam_term(galaxy(kExp, e), diagonal(re, 0, sigma, 0), fit, {}));
}

TEST(OccamTerm, DataOfLargerResidualsRuleOutLess) {
  const FitOptions fit;
  const std::vector<float> c = diagonal(0.01, 0.03, 0.03, 0), larger = diagonal(0.02, 0.06, 0.06, 0);
  const SourceModel exp = galaxy(kExp, 0.2);
  EXPECT_NEAR(*occam_term(exp, c, fit, {}, 4), *occam_term(exp, larger, fit, {}), 1e-6);
  EXPECT_GT(*occam_term(exp, c, fit, {}, 4), *occam_term(exp, c, fit, {}) + 3);
}

// Of what the pixels say nothing of there are as many as there are of each; a radius far from what galaxies have, and one
// that is well known, have less of the prior.
TEST(PriorOddsOfRound, AreThoseOfTheCountsWhereThePixelsSayNothing) {
  const GalaxyPrior prior;
  const FitOptions fit;
  SourceModel round = galaxy(kRex, 0);
  round.flux = {2, 4};
  EXPECT_FALSE(prior_odds_of_round(round, -1, prior));  // too bright
  round.flux = {1, 2};
  const RadiusPrior radius = prior.radius(round.flux);
  const auto odds = [&](double error_of_log_re) {
    const double re = std::exp(round.shape.log_re);
    return *prior_odds_of_round(round, *occam_term(round, diagonal(re * error_of_log_re, 0, 0, 0), fit, {}),
                                prior);
  };
  round.shape.log_re = radius.log_re;
  EXPECT_NEAR(odds(100), 2 * prior.log_odds(round.flux), 1e-3);
  EXPECT_NEAR(odds(0.07), odds(100) - std::log(101), 0.01);
  round.shape.log_re = radius.log_re + 2 * radius.sigma;
  EXPECT_NEAR(odds(100), 2 * prior.log_odds(round.flux) - 4, 1e-3);

  SourceRecord r;
  r.model_chosen = true;
  for (const SourceKind kind : {kPsf, kRex}) {
    ModelFit& m = r.models[dchisq_index(kind)];
    m.status = ModelFitStatus::kFitted;
    m.model = kind == kRex ? round : galaxy(kPsf, 0);
    m.dchisq = kind == kRex ? 103 : 100;
  }
  ModelImprovements occam;
  occam[dchisq_index(kRex)] = -1;
  ModelFit& shrunk = r.models[dchisq_index(kDev)];  // to a point: no galaxy
  shrunk = r.models[dchisq_index(kRex)];
  shrunk.model.kind = kDev;
  shrunk.model.shape.log_re = std::log(0.02);
  const double both = 3.0 / 2 + *prior_odds_of_round(round, -1, prior);
  EXPECT_NEAR(model_weights(r, {}, 2, occam)[dchisq_index(kPsf)], 1 / (1 + std::exp(both / 2)), 1e-12);
}

// Errors of 2 bands, with a position, of given standard deviations.
JointErrors errors(double position, double flux0, double flux1) {
  JointErrors out;
  const std::size_t size = 8;
  const std::vector<double> sigma{position, position, 0, 0, 0, 0, flux0, flux1};
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      out.covariance.push_back(static_cast<float>(i == j ? sigma[i] * sigma[i] : 0));
  out.inverse_variance.ra = out.inverse_variance.dec = 1 / (position * position);
  out.inverse_variance.flux = {1 / (flux0 * flux0), 1 / (flux1 * flux1)};
  out.blendedness = {0.5F, 0};
  return out;
}

// 10 of ln re by the data and 1/0.49 by the prior, of data that say a quarter: 2.5 and 1/0.49; what is known of a flux that
// goes with the radius follows.
TEST(Errors, OfLargerResidualsDoNotMakeThePriorLessExact) {
  const double data = 10, prior = 1 / 0.49, excess = 4, re = 0.5;
  SourceModel round = galaxy(kRex, 0);
  const auto with = [&](double information) {
    JointErrors out = errors(1e-5, 0.1, 0.2);
    const double variance = re * re / information, slope = 0.3;  // of the first flux with the radius
    const auto set = [&](std::size_t i, std::size_t j, double v) {
      out.covariance[covariance_place(i, j)] = static_cast<float>(v);
    };
    set(2, 2, variance);
    set(6, 2, slope * variance);
    set(6, 6, 0.01 + slope * slope * variance);
    out.inverse_variance.re = 1 / variance;
    out.inverse_variance.flux[0] = 1 / (0.01 + slope * slope * variance);
    out.know_radius_prior = true;
    return out;
  };
  round.flux = {1, 2};
  // A catalog's galaxy is fitted without the prior: nothing is taken off.
  JointErrors e = with(data);
  e.know_radius_prior = false;
  EXPECT_NEAR(*occam_term(round, e, {}, {}, excess), std::log(2 * std::numbers::pi / (data / excess + prior)),
              1e-5);
  keep_radius_prior(round, {}, excess, e);
  EXPECT_EQ(e.covariance, with(data).covariance);
  add_priors(round, {}, {}, e);
  EXPECT_NEAR(e.covariance[covariance_place(2, 2)], re * re / (data + prior), 1e-6);
  e = with(data + prior);
  EXPECT_NEAR(*occam_term(round, e, {}, {}, excess), std::log(2 * std::numbers::pi / (data / excess + prior)),
              1e-5);
  keep_radius_prior(round, {}, excess, e);
  const JointErrors kept = with(data + excess * prior);  // a quarter of that is what is to be known
  for (std::size_t i = 0; i < e.covariance.size(); ++i)
    EXPECT_NEAR(e.covariance[i], kept.covariance[i], 1e-7) << i;
  EXPECT_NEAR(e.inverse_variance.re, kept.inverse_variance.re, 1e-3);
  EXPECT_NEAR(e.inverse_variance.flux[0], kept.inverse_variance.flux[0], 1e-3);
  EXPECT_EQ(e.inverse_variance.flux[1], kept.inverse_variance.flux[1]);
}

TEST(ModelSpread, IsTheVarianceOfTheAverageOverModels) {
  SourceRecord r;
  r.model_chosen = true;
  r.chosen = kRex;
  for (const SourceKind kind : {kRex, kExp}) {
    ModelFit& m = r.models[dchisq_index(kind)];
    m.status = ModelFitStatus::kFitted;
    m.model = galaxy(kind, 0);
    m.dchisq = 100;
  }
  ModelFit& other = r.models[dchisq_index(kExp)];
  other.model.flux = {1.3, 2};
  other.dchisq += 2;  // as much as its two parameters are charged
  const ModelWeights weights = model_weights(r, {}, 1);
  EXPECT_NEAR(weights[dchisq_index(kRex)], 0.5, 1e-12);
  EXPECT_NEAR(weights[dchisq_index(kExp)], 0.5, 1e-12);
  EXPECT_LT(model_weights(r, {}, 2)[dchisq_index(kExp)], 0.5);  // half of the improvement is noise
  // Occam's factors instead of the two parameters.
  ModelImprovements occam;
  occam[dchisq_index(kRex)] = -4;
  occam[dchisq_index(kExp)] = -16;
  EXPECT_NEAR(model_weights(r, {}, 1, occam)[dchisq_index(kExp)], 1 / (1 + std::exp(5)), 1e-12);

  const auto of_model = [](int k) -> std::optional<JointErrors> {
    return k == static_cast<int>(dchisq_index(kExp)) ? errors(2e-5, 0.2, 0.4) : errors(1e-5, 0.1, 0.3);
  };
  JointErrors e = errors(1.5e-5, 0.15, 0.3);  // with its neighbours
  add_model_spread(r, weights, of_model, e);
  const double variance = 0.15 * 0.15 + 0.5 * (0.3 * 0.3 + 0.2 * 0.2 - 0.1 * 0.1);
  EXPECT_NEAR(1 / e.inverse_variance.flux[0], variance, 1e-6);
  EXPECT_NEAR(e.covariance[27], variance, 1e-6);
  EXPECT_NEAR(1 / e.inverse_variance.flux[1], 0.09 + 0.5 * (0.16 - 0.09), 1e-6);
  EXPECT_NEAR(1 / e.inverse_variance.ra, 2.25e-10 + 0.5 * (4e-10 - 1e-10), 1e-15);
  EXPECT_NEAR(e.blendedness[0], 0.5 * 0.15 * 0.15 / variance, 1e-5);

  // One that is surer of a flux adds its difference alone.
  JointErrors once = errors(1.5e-5, 0.15, 0.3);
  add_model_spread(
      r, weights,
      [](int k) -> std::optional<JointErrors> {
        return k == static_cast<int>(dchisq_index(kExp)) ? errors(1e-5, 0.05, 0.3) : errors(1e-5, 0.1, 0.3);
      },
      once);
  EXPECT_NEAR(1 / once.inverse_variance.flux[0], 0.15 * 0.15 + 0.5 * 0.3 * 0.3, 1e-6);
  EXPECT_EQ(once.inverse_variance.flux[1], errors(1.5e-5, 0.15, 0.3).inverse_variance.flux[1]);

  r.model_chosen = false;
  for (const double w : model_weights(r, {}, 1)) EXPECT_EQ(w, 0);
}

}  // namespace
}  // namespace brickline
