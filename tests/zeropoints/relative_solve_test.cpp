// Zero points from common stars: against the full least squares, and on simulated exposures whose truth is known.
#include "core/zeropoints/relative_solve.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <limits>
#include <numeric>

#include "core/base/error.h"
#include "core/zeropoints/cloudy_exposures.h"
#include "core/zeropoints/normal_factor.h"
#include "core/zeropoints/selected_inverse.h"
#include "tests/zeropoints/simulated_overlaps.h"

namespace brickline {
namespace {

using test::OverlapData;
using test::Overlaps;
using test::simulate_overlaps;

// Roots of mean squares: of what is left to the truth, and of that in units of the errors.
struct Apart {
  double rms = 0, pull = 0;
  int solved = 0;
};
Apart apart(const OverlapData& data, const RelativeSolution& solution) {
  Apart out;
  for (std::size_t i = 0; i < data.truth.size(); ++i) {
    const SolvedCcd& c = solution.ccds[i];
    if (!c.solved) continue;
    ++out.solved;
    out.rms += std::pow(c.zero_point - data.truth[i], 2);
    out.pull += std::pow((c.zero_point - data.truth[i]) / c.error, 2);
  }
  out.rms = std::sqrt(out.rms / out.solved);
  out.pull = std::sqrt(out.pull / out.solved);
  return out;
}

// That the errors of the simulation are all there is.
RelativeSolveOptions without_floors() {
  RelativeSolveOptions o;
  o.star_floor = o.provider_floor = 0;
  o.exposure_floor = 1e-5;
  return o;
}

// 40 exposures of 50 CCDs.
Overlaps two_thousand() { return {}; }

TEST(SelectedInverse, HasTheDiagonalOfTheWholeInverse) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const int n = 60;
  Eigen::MatrixXd full = Eigen::MatrixXd::Identity(n, n) * 8;
  for (int i = 0; i < 90; ++i) {
    // The last three stand alone.
    const auto a = static_cast<int>(random() % (n - 3)), b = static_cast<int>(random() % (n - 3));
    if (a != b) full(a, b) = full(b, a) = uniform(random);
  }
  full(n - 1, n - 1) = 2;
  const Eigen::VectorXd diagonal = inverse_diagonal(SparseFactor(full.sparseView()));
  EXPECT_LT((diagonal - full.inverse().diagonal()).cwiseAbs().maxCoeff(), 1e-14);
  EXPECT_EQ(diagonal[n - 1], 0.5);
}

TEST(RelativeSolve, IsTheLeastSquaresOfZeroPointsMagnitudesAndErrorsInCommon) {
  Overlaps o;
  o.exposures = 6;
  o.columns = 2;
  o.rows = 1;
  o.depth = 3;
  o.stars_per_ccd = 12;
  o.outliers = 0;
  const OverlapData data = simulate_overlaps(o);
  RelativeSolveOptions options;
  options.clip_stars = options.clip_provider = 100;
  const RelativeSolution solution = solve_zero_points(data.ccds, data.stars, options);
  ASSERT_EQ(solution.star_scale, 1);
  ASSERT_EQ(solution.detector_error, 0);  // of two detectors and one night nothing can be estimated
  ASSERT_EQ(solution.night_error, 0);
  ASSERT_EQ(solution.nights.size(), 1);
  EXPECT_TRUE(std::isnan(solution.nights[0].value) && std::isnan(solution.nights[0].error));

  const auto ccds = static_cast<int>(data.ccds.size());
  int stars = 0;
  for (const StarMeasurement& m : data.stars) stars = std::max(stars, m.star + 1);
  const int size = ccds + stars + o.exposures;
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(size, size);
  Eigen::VectorXd b = Eigen::VectorXd::Zero(size);
  const auto add = [&](const std::vector<std::pair<int, double>>& terms, double value, double weight) {
    for (const auto& [i, x] : terms) {
      b[i] += weight * x * value;
      for (const auto& [j, y] : terms) a(i, j) += weight * x * y;
    }
  };
  for (const StarMeasurement& m : data.stars)
    add({{m.ccd, 1}, {ccds + m.star, -1}}, -m.mag,
        1 / (std::pow(m.error, 2) + std::pow(options.star_floor, 2)));
  for (int c = 0; c < ccds; ++c) {
    const RelativeCcd& ccd = data.ccds[static_cast<std::size_t>(c)];
    add({{c, 1}, {ccds + stars + ccd.exposure, 1}}, ccd.zero_point,
        1 / (std::pow(ccd.error, 2) + std::pow(options.provider_floor, 2)));
  }
  for (int x = 0; x < o.exposures; ++x)
    add({{ccds + stars + x, 1}}, 0, 1 / std::pow(solution.exposure_error, 2));
  for (int i = 0; i < size; ++i)
    if (a(i, i) == 0) a(i, i) = 1;  // stars that nobody has seen
  const Eigen::MatrixXd inverse = a.inverse();
  const Eigen::VectorXd x = inverse * b;
  for (int c = 0; c < ccds; ++c) {
    const SolvedCcd& ccd = solution.ccds[static_cast<std::size_t>(c)];
    ASSERT_TRUE(ccd.solved);
    EXPECT_NEAR(ccd.zero_point, x[c], 1e-7);
    EXPECT_NEAR(ccd.error / std::sqrt(inverse(c, c)), 1, 1e-5);
    EXPECT_NEAR(ccd.common_error, x[ccds + stars + data.ccds[static_cast<std::size_t>(c)].exposure], 1e-7);
  }
}

TEST(RelativeSolve, RecoversTheTruthOfTwoThousandCcdsWithErrorsThatMeanWhatTheySay) {
  const OverlapData data = simulate_overlaps(two_thousand());
  ASSERT_EQ(data.ccds.size(), 2000);
  const RelativeSolution solution = solve_zero_points(data.ccds, data.stars, without_floors());
  const Apart found = apart(data, solution);
  EXPECT_GT(found.solved, 1950);  // others lie at the border, with nobody over them
  EXPECT_LT(found.rms, 0.002);
  EXPECT_GT(found.pull, 0.8);
  EXPECT_LT(found.pull, 1.2);
  EXPECT_TRUE(solution.settled);
  EXPECT_EQ(solution.parts, 1);
  EXPECT_NEAR(solution.star_scale, 1, 0.05);
  // One in a hundred is wrong, by half a magnitude or less.
  EXPECT_NEAR(static_cast<double>(solution.clipped) / static_cast<double>(solution.measurements), 0.009,
              0.003);
  const RelativeSolution again = solve_zero_points(data.ccds, data.stars, without_floors());
  for (std::size_t i = 0; i < data.ccds.size(); ++i) {
    ASSERT_EQ(solution.ccds[i].zero_point, again.ccds[i].zero_point);
    ASSERT_EQ(solution.ccds[i].error, again.ccds[i].error);
  }
}

TEST(RelativeSolve, FindsWhatTheProvidersErrorsHaveInCommon) {
  Overlaps o = two_thousand();
  o.exposures = 120;
  o.columns = 5;
  o.rows = 4;
  o.exposures_per_night = 6;
  o.exposure_error = 0.012;
  o.night_error = 0.015;
  o.detector_error = 0.006;
  const OverlapData data = simulate_overlaps(o);
  const RelativeSolution solution = solve_zero_points(data.ccds, data.stars, without_floors());
  EXPECT_NEAR(solution.exposure_error, 0.012, 0.004);
  EXPECT_NEAR(solution.night_error, 0.015, 0.006);
  EXPECT_NEAR(solution.detector_error, 0.006, 0.003);
  // The provider's are 21 mmag off. What is left is mostly the mean of all, of which there is one: pulls may be twice one.
  const Apart found = apart(data, solution);
  EXPECT_LT(found.rms, 0.01);
  EXPECT_GT(found.pull, 0.4);
  EXPECT_LT(found.pull, 2);
  Overlaps none = o;
  none.exposure_error = none.night_error = none.detector_error = 0;
  const OverlapData quiet = simulate_overlaps(none);
  const RelativeSolution of_none = solve_zero_points(quiet.ccds, quiet.stars, without_floors());
  EXPECT_LT(of_none.exposure_error, 0.001);
  EXPECT_LT(of_none.night_error, 0.001);
  EXPECT_LT(of_none.detector_error, 0.001);
}

TEST(RelativeSolve, FindsTheGainsOfAmplifiersAndKeepsThemOutOfTheZeroPoints) {
  Overlaps o = two_thousand();
  o.amplifier_error = 0.02;
  const OverlapData data = simulate_overlaps(o);
  ASSERT_EQ(data.amplifiers.size(), 100);
  const RelativeSolution solution =
      solve_zero_points(data.ccds, data.stars, without_floors(), data.amplifiers);
  const Apart found = apart(data, solution);
  EXPECT_GT(found.solved, 1950);
  EXPECT_LT(found.rms, 0.002);
  EXPECT_GT(found.pull, 0.8);
  EXPECT_LT(found.pull, 1.2);
  EXPECT_NEAR(solution.star_scale, 1, 0.05);
  double rms = 0, pull = 0;
  ASSERT_EQ(solution.amplifiers.size(), 100);
  for (std::size_t g = 0; g < 100; ++g) {
    const SolvedGroup& amplifier = solution.amplifiers[g];
    rms += std::pow(amplifier.value - data.true_amplifiers[g], 2) / 100;
    pull += std::pow((amplifier.value - data.true_amplifiers[g]) / amplifier.error, 2) / 100;
    EXPECT_GT(amplifier.members, 500);
    EXPECT_NEAR(amplifier.value + solution.amplifiers[g ^ 1].value, 0, 1e-5);
  }
  EXPECT_LT(std::sqrt(rms), 0.0005);
  EXPECT_GT(std::sqrt(pull), 0.8);
  EXPECT_LT(std::sqrt(pull), 1.2);

  // Whoever does not tell them apart has zero points that scatter more than their errors say.
  std::vector<StarMeasurement> without = data.stars;
  for (StarMeasurement& m : without) m.amplifier = -1;
  const RelativeSolution blind = solve_zero_points(data.ccds, without, without_floors());
  EXPECT_GT(blind.star_scale, 2);
  EXPECT_GT(apart(data, blind).rms, 1.5 * found.rms);
}

// As where amplifiers are too many for a factor of all unknowns.
TEST(RelativeSolve, HasTheSameZeroPointsWithoutAFactorOfTheWholeAndNearlyTheSameErrors) {
  Overlaps o = two_thousand();
  o.amplifier_error = 0.02;
  const OverlapData data = simulate_overlaps(o);
  RelativeSolveOptions options = without_floors();
  const RelativeSolution exact = solve_zero_points(data.ccds, data.stars, options, data.amplifiers);
  EXPECT_EQ(exact.error_accuracy, 0);
  options.most_whole = 0;
  const RelativeSolution other = solve_zero_points(data.ccds, data.stars, options, data.amplifiers);
  EXPECT_GT(other.error_accuracy, 0);
  EXPECT_LE(other.error_accuracy, options.error_accuracy);
  double squares = 0;
  for (std::size_t c = 0; c < exact.ccds.size(); ++c) {
    EXPECT_NEAR(other.ccds[c].zero_point, exact.ccds[c].zero_point, 1e-9);
    EXPECT_NEAR(other.ccds[c].common_error, exact.ccds[c].common_error, 1e-9);
    const double relative = other.ccds[c].error / exact.ccds[c].error - 1;
    EXPECT_NEAR(relative, 0, 6 * options.error_accuracy);
    squares += relative * relative;
  }
  EXPECT_LT(std::sqrt(squares / static_cast<double>(exact.ccds.size())), 1.5 * other.error_accuracy);
  for (std::size_t g = 0; g < exact.amplifiers.size(); ++g) {
    EXPECT_NEAR(other.amplifiers[g].value, exact.amplifiers[g].value, 1e-9);
    EXPECT_NEAR(other.amplifiers[g].error / exact.amplifiers[g].error, 1, 0.1);
  }
  for (std::size_t x = 0; x < exact.exposures.size(); ++x)
    EXPECT_NEAR(other.exposures[x].error / exact.exposures[x].error, 1, 0.1);
}

// What 256 random vectors do not reach is told of each kind, and not taken for what was wanted.
TEST(RelativeSolve, TellsHowWellEstimatedErrorsAreKnown) {
  Overlaps o;
  o.exposures = 6;
  o.stars_per_ccd = 20;
  o.amplifier_error = 0.02;
  const OverlapData data = simulate_overlaps(o);
  RelativeSolveOptions options = without_floors();
  options.most_whole = 0;
  options.error_accuracy = 1e-3;
  const RelativeSolution found = solve_zero_points(data.ccds, data.stars, options, data.amplifiers);
  EXPECT_GT(found.error_accuracy, options.error_accuracy);
  EXPECT_GT(found.amplifier_error_accuracy, options.error_accuracy);
  EXPECT_NE(found.error_accuracy, found.amplifier_error_accuracy);
}

TEST(NormalFactor, ThatDoesNotSettleIsAnError) {
  NormalFactor::Matrix a(2, 2);
  a.insert(0, 0) = 1;
  a.insert(1, 1) = 1;
  NormalFactor near;
  near.compute(a);
  const Eigen::VectorXd right = Eigen::VectorXd::Ones(2);
  EXPECT_EQ(solve_with(near, a, right, 1e-9), right);
  for (const double bad : {0., std::numeric_limits<double>::quiet_NaN()}) {
    NormalFactor::Matrix other = a;
    for (int i = 0; i < 2; ++i) other.coeffRef(i, i) = bad;
    EXPECT_THROW(solve_with(near, other, right, 1e-9), Error) << bad;
  }
}

TEST(RelativeSolve, IsTheLeastSquaresOfAmplifiersToo) {
  Overlaps o;
  o.exposures = 6;
  o.columns = 2;
  o.rows = 1;
  o.depth = 3;
  o.stars_per_ccd = 12;
  o.outliers = 0;
  o.amplifier_error = 0.03;
  OverlapData data = simulate_overlaps(o);
  data.amplifiers[1].area = 0.25;
  RelativeSolveOptions options;
  options.clip_stars = options.clip_provider = 100;
  const RelativeSolution solution = solve_zero_points(data.ccds, data.stars, options, data.amplifiers);
  ASSERT_EQ(solution.night_error, 0);
  ASSERT_EQ(solution.detector_error, 0);

  const auto ccds = static_cast<int>(data.ccds.size()), amplifiers = 4;
  int stars = 0;
  for (const StarMeasurement& m : data.stars) stars = std::max(stars, m.star + 1);
  const int first_amplifier = ccds + stars, first_exposure = first_amplifier + amplifiers,
            size = first_exposure + o.exposures;
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(size, size);
  Eigen::VectorXd b = Eigen::VectorXd::Zero(size);
  const auto add = [&](const std::vector<std::pair<int, double>>& terms, double value, double weight) {
    for (const auto& [i, x] : terms) {
      b[i] += weight * x * value;
      for (const auto& [j, y] : terms) a(i, j) += weight * x * y;
    }
  };
  std::vector<std::array<double, 4>> share(data.ccds.size());
  std::vector<double> calibrators(data.ccds.size());
  for (const StarMeasurement& m : data.stars) {
    add({{m.ccd, 1}, {ccds + m.star, -1}, {first_amplifier + m.amplifier, 1}}, -m.mag,
        1 / (std::pow(solution.star_scale, 2) * (std::pow(m.error, 2) + std::pow(options.star_floor, 2))));
    if (!m.calibrator) continue;
    share[static_cast<std::size_t>(m.ccd)][static_cast<std::size_t>(m.amplifier)] += 1;
    calibrators[static_cast<std::size_t>(m.ccd)] += 1;
  }
  for (int c = 0; c < ccds; ++c) {
    const auto k = static_cast<std::size_t>(c);
    std::vector<std::pair<int, double>> terms = {{c, 1}, {first_exposure + data.ccds[k].exposure, 1}};
    for (int g = 0; g < amplifiers; ++g)
      terms.emplace_back(first_amplifier + g, share[k][static_cast<std::size_t>(g)] / calibrators[k]);
    add(terms, data.ccds[k].zero_point,
        1 / (std::pow(data.ccds[k].error, 2) + std::pow(options.provider_floor, 2)));
  }
  for (int x = 0; x < o.exposures; ++x)
    add({{first_exposure + x, 1}}, 0, 1 / std::pow(solution.exposure_error, 2));
  for (int g = 0; g < amplifiers; ++g)
    add({{first_amplifier + g, 1}}, 0, 1 / std::pow(options.amplifier_sigma, 2));
  constexpr double kNought = 1e-5;
  add({{first_amplifier, 2. / 3}, {first_amplifier + 1, 1. / 3}}, 0, 1 / (kNought * kNought));
  add({{first_amplifier + 2, 0.5}, {first_amplifier + 3, 0.5}}, 0, 1 / (kNought * kNought));
  for (int i = 0; i < size; ++i)
    if (a(i, i) == 0) a(i, i) = 1;  // stars that nobody has seen
  const Eigen::MatrixXd inverse = a.inverse();
  const Eigen::VectorXd x = inverse * b;
  for (int c = 0; c < ccds; ++c) {
    const SolvedCcd& ccd = solution.ccds[static_cast<std::size_t>(c)];
    EXPECT_NEAR(ccd.zero_point, x[c], 1e-6);
    EXPECT_NEAR(ccd.error / std::sqrt(inverse(c, c)), 1, 1e-4);
  }
  for (int g = 0; g < amplifiers; ++g) {
    const SolvedGroup& amplifier = solution.amplifiers[static_cast<std::size_t>(g)];
    EXPECT_NEAR(amplifier.value, x[first_amplifier + g], 1e-6);
    EXPECT_NEAR(amplifier.error / std::sqrt(inverse(first_amplifier + g, first_amplifier + g)), 1, 1e-4);
  }
  for (int e = 0; e < o.exposures; ++e) {
    const SolvedGroup& exposure = solution.exposures[static_cast<std::size_t>(e)];
    EXPECT_NEAR(exposure.value, x[first_exposure + e], 1e-6);
    EXPECT_NEAR(exposure.error / std::sqrt(inverse(first_exposure + e, first_exposure + e)), 1, 1e-4);
    EXPECT_EQ(exposure.members, 2);
  }
}

TEST(RelativeSolve, KnowsACcdByTheAmplifiersThatStarsTellOf) {
  Overlaps o = two_thousand();
  o.columns = 5;
  o.rows = 2;
  const OverlapData plain = simulate_overlaps(o);
  o.amplifier_error = 0.02;
  OverlapData data = simulate_overlaps(o);
  // Of detector 3 nobody sees the right half: its zero point is the left half's, known by half as many stars.
  std::erase_if(data.stars, [](const StarMeasurement& m) { return m.amplifier == 7; });
  std::vector<double> truth = data.truth;
  for (std::size_t i = 0; i < truth.size(); ++i)
    if (data.ccds[i].detector == 3) {
      truth[i] += data.true_amplifiers[6];
      data.ccds[i].zero_point = plain.ccds[i].zero_point + data.true_amplifiers[6];
    }
  // Another CCD of detector 2 without common stars, whose calibrators are all in the left half.
  const auto lonely = static_cast<std::int32_t>(data.ccds.size());
  data.ccds.push_back({25 + data.true_amplifiers[4], 0.003, o.exposures, -1, 2});
  truth.push_back(25);
  for (std::int32_t k = 0; k < 9; ++k) data.stars.push_back({1'000'000 + k, lonely, 0, 0, 4, true});
  const auto solve = [&] {
    return solve_zero_points(data.ccds, data.stars, without_floors(), data.amplifiers);
  };
  const auto check = [&](const RelativeSolution& solution) {
    double half = 0, whole = 0;
    for (std::size_t i = 0; i < plain.ccds.size(); ++i) {
      const SolvedCcd& c = solution.ccds[i];
      if (!c.solved) continue;
      EXPECT_LT(std::abs(c.zero_point - truth[i]), 5 * c.error) << i;
      double& largest = data.ccds[i].detector == 3 ? half : whole;
      largest = std::max(largest, c.error);
    }
    EXPECT_GT(half, 0);
    EXPECT_LT(half, 1.5 * whole);
  };
  const RelativeSolution solution = solve();
  check(solution);
  EXPECT_EQ(solution.amplifiers[7].members, 0);
  EXPECT_NEAR(solution.amplifiers[6].value, 0, 1e-5);
  EXPECT_LT(solution.amplifiers[6].error, 1e-4);
  const SolvedCcd& alone = solution.ccds.back();
  EXPECT_FALSE(alone.solved);
  EXPECT_TRUE(alone.levelled);
  EXPECT_NEAR(alone.zero_point, 25 + data.true_amplifiers[4] - solution.amplifiers[4].value, 1e-9);
  EXPECT_NEAR(alone.error, std::hypot(0.003, solution.amplifiers[4].error), 1e-7);

  // It says nothing of the amplifiers, and of those that no star tells of its zero point is what it was.
  data.ccds.back().zero_point += 1;
  data.ccds.back().detector = 3;
  for (StarMeasurement& m : data.stars)
    if (m.ccd == lonely) m.amplifier = 7;
  const RelativeSolution kept = solve();
  EXPECT_FALSE(kept.ccds.back().levelled);
  EXPECT_EQ(kept.ccds.back().zero_point, data.ccds.back().zero_point);
  EXPECT_EQ(kept.ccds.back().error, 0.003);
  for (std::size_t i = 0; i < plain.ccds.size(); ++i)
    EXPECT_NEAR(kept.ccds[i].zero_point, solution.ccds[i].zero_point, 1e-8);

  // A half that stars tell of and nobody uses.
  data = simulate_overlaps(o);
  data.amplifiers[7].area = 0;
  check(solve());
}

TEST(RelativeSolve, TakesTheLevelOfTheCatalogThatIsKnownBest) {
  Overlaps o = two_thousand();
  o.columns = 5;
  o.rows = 2;
  OverlapData data = simulate_overlaps(o);
  const std::vector<double> catalogs = {0.03};
  for (RelativeCcd& c : data.ccds)
    if (c.exposure % 2) {
      c.catalog = 0;
      c.zero_point += 0.04;
    }
  const RelativeSolution solution = solve_zero_points(data.ccds, data.stars, without_floors(), {}, catalogs);
  const Apart found = apart(data, solution);
  EXPECT_LT(found.rms, 0.003);
  EXPECT_GT(found.pull, 0.5);
  EXPECT_LT(found.pull, 1.5);
  ASSERT_EQ(solution.catalogs.size(), 1);
  EXPECT_NEAR(solution.catalogs[0].value, 0.04, 4 * solution.catalogs[0].error);
  EXPECT_LT(solution.catalogs[0].error, 0.002);
  EXPECT_GT(solution.catalogs[0].members, 150);
  EXPECT_LT(solution.exposure_error, 0.003);
  const SolvedCcd& odd = *std::find_if(solution.ccds.begin(), solution.ccds.end(), [&](const SolvedCcd& c) {
    return c.solved && data.ccds[static_cast<std::size_t>(&c - solution.ccds.data())].catalog == 0;
  });
  EXPECT_NEAR(odd.common_error, 0.04, 0.005);

  // Where all are of one catalog no star says anything of its error: all have it.
  for (RelativeCcd& c : data.ccds) c.catalog = 0;
  const RelativeSolution with = solve_zero_points(data.ccds, data.stars, without_floors(), {}, catalogs);
  for (RelativeCcd& c : data.ccds) c.catalog = -1;
  const RelativeSolution without = solve_zero_points(data.ccds, data.stars, without_floors());
  for (std::size_t i = 0; i < data.ccds.size(); ++i)
    if (with.ccds[i].solved) {
      ASSERT_NEAR(with.ccds[i].error, std::hypot(without.ccds[i].error, 0.03), 1e-5);
      ASSERT_NEAR(with.ccds[i].zero_point, without.ccds[i].zero_point, 1e-6);
    }
}

TEST(RelativeSolve, DoesNotBelieveAProviderThatDisagrees) {
  OverlapData data = simulate_overlaps(two_thousand());
  for (RelativeCcd& c : data.ccds)
    if (c.exposure == 7) c.zero_point += 0.15;
  data.ccds[1003].zero_point -= 0.08;
  const RelativeSolution solution = solve_zero_points(data.ccds, data.stars, without_floors());
  EXPECT_LT(apart(data, solution).rms, 0.002);
  int others = 0;
  for (std::size_t i = 0; i < data.ccds.size(); ++i) {
    if (data.ccds[i].exposure == 7 || i == 1003)
      EXPECT_FALSE(solution.ccds[i].provider_used) << i;
    else
      others += !solution.ccds[i].provider_used;
  }
  EXPECT_LE(others, 2);
}

TEST(RelativeSolve, TiesPartsWithoutCommonStarsEachByItselfAndLeavesCcdsAlone) {
  Overlaps o = two_thousand();
  o.apart = 1;
  OverlapData data = simulate_overlaps(o);
  for (std::size_t i = 0; i < data.ccds.size(); ++i)
    if (data.ccds[i].exposure >= o.exposures / 2) {
      data.ccds[i].zero_point += 0.1;
      data.truth[i] += 0.1;
    }
  // One more, which shares two stars with the first: too few.
  const auto lonely = static_cast<std::int32_t>(data.ccds.size());
  data.ccds.push_back({24.5, 0.01, o.exposures, 0, 0});
  data.truth.push_back(24.7);
  const auto first =
      std::find_if(data.stars.begin(), data.stars.end(), [](const StarMeasurement& m) { return m.ccd == 0; });
  for (auto m : {*first, *(first + 1)}) {
    m.ccd = lonely;
    data.stars.push_back(m);
  }
  const RelativeSolution solution = solve_zero_points(data.ccds, data.stars, without_floors());
  EXPECT_EQ(solution.parts, 2);
  EXPECT_LT(apart(data, solution).rms, 0.002);
  EXPECT_NE(solution.ccds[0].part, solution.ccds[1999].part);
  const SolvedCcd& alone = solution.ccds.back();
  EXPECT_FALSE(alone.solved);
  EXPECT_EQ(alone.zero_point, 24.5);
  EXPECT_EQ(alone.error, 0.01);
  EXPECT_EQ(alone.part, 0);
}

TEST(RelativeSolve, RefusesWhatIsNoNumber) {
  const std::vector<StarMeasurement> none;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(solve_zero_points(std::vector<RelativeCcd>{{nan, 0.1}}, none), Error);
  EXPECT_THROW(solve_zero_points(std::vector<RelativeCcd>{{25, 0}}, none), Error);
  const std::vector<RelativeCcd> one = {{25, 0.1}};
  EXPECT_THROW(solve_zero_points(one, std::vector<StarMeasurement>{{0, 1, -10, 0.01F}}), Error);
  EXPECT_FALSE(solve_zero_points(one, none).ccds[0].solved);
}

TEST(CloudyExposures, AreFoundByTheirOffsetTheirCcdsAndTheirStars) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  std::vector<ClearValue> ccds;
  for (int x = 0; x < 30; ++x)
    for (int d = 0; d < 20; ++d) {
      ClearValue c{x, x / 10, d, 0, 0.02 * d + 0.004 * normal(random), 0.003, 1.0};
      if (x == 4) c.value -= 0.12;
      if (x == 13) c.value += 0.06 * normal(random);
      if (x == 17) c.star_excess = 4;
      if (x >= 20) c.value -= 0.5;  // a night that was cloudy throughout
      ccds.push_back(c);
    }
  const std::vector<ExposureSky> skies = judge_exposures(ccds);
  ASSERT_EQ(skies.size(), 30);
  for (int x = 0; x < 30; ++x) {
    const ExposureSky& sky = skies[static_cast<std::size_t>(x)];
    EXPECT_EQ(sky.has_offset, x == 4 || x >= 20) << x;
    EXPECT_EQ(sky.has_ccd_scatter, x == 13) << x;
    EXPECT_EQ(sky.has_star_excess, x == 17) << x;
  }
  EXPECT_NEAR(skies[4].offset, 0.12, 0.01);
  EXPECT_NEAR(skies[13].ccd_scatter, 0.06, 0.03);
}

}  // namespace
}  // namespace brickline
