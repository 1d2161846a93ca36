#include "core/fit/box_solver.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace brickline {
namespace {

double value(const BoxProblem& p, const std::array<double, BoxProblem::kMax>& x) {
  double v = 0;
  for (int i = 0; i < p.size; ++i) {
    v -= p.g[i] * x[i];
    for (int k = 0; k < p.size; ++k) v += 0.5 * x[i] * p.a[i][k] * x[k];
  }
  return v;
}

// At the least value inside the box every free variable's gradient vanishes and every bound one's points
// outwards.
TEST(BoxSolver, MeetsTheOptimalityConditionsInRandomBoxes) {
  std::mt19937 random(4);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 2000; ++trial) {
    BoxProblem p;
    p.size = 1 + trial % BoxProblem::kMax;
    double b[6][6];
    for (auto& row : b)
      for (double& v : row) v = normal(random);
    for (int i = 0; i < p.size; ++i) {
      const double unit = std::pow(10.0, i);  // parameters of very different scales
      for (int k = 0; k < p.size; ++k)
        for (int l = 0; l < 6; ++l) p.a[i][k] += b[i][l] * b[k][l] * unit * std::pow(10.0, k);
      p.g[i] = normal(random) * unit;
      p.low[i] = trial % 3 ? -std::abs(normal(random)) / unit : 0;
      p.high[i] = trial % 5 ? std::abs(normal(random)) / unit : 0;
    }
    const auto x = solve_in_box(p);
    EXPECT_LE(value(p, x), 1e-12);
    for (int i = 0; i < p.size; ++i) {
      ASSERT_GE(x[i], p.low[i]);
      ASSERT_LE(x[i], p.high[i]);
      double slope = p.g[i];
      for (int k = 0; k < p.size; ++k) slope -= p.a[i][k] * x[k];
      const double small = 1e-6 * std::sqrt(p.a[i][i]) * (1 + std::abs(p.g[i]) / std::sqrt(p.a[i][i]));
      if (x[i] < p.high[i]) {
        EXPECT_LE(slope, small) << trial;
      }
      if (x[i] > p.low[i]) {
        EXPECT_GE(slope, -small) << trial;
      }
    }
  }
}

TEST(BoxSolver, DoesNotMoveAlongDirectionsWithoutInformation) {
  BoxProblem p;
  p.size = 3;
  p.a[0][0] = 4;
  p.a[1][1] = p.a[2][2] = p.a[1][2] = p.a[2][1] = 1;  // only the sum of the last two matters
  p.g = {8, 1, 1};
  p.low.fill(-10);
  p.high.fill(10);
  const auto x = solve_in_box(p);
  EXPECT_NEAR(x[0], 2, 1e-12);
  EXPECT_NEAR(x[1] + x[2], 1, 1e-9);
  EXPECT_LT(std::abs(x[1]) + std::abs(x[2]), 2);
}

}  // namespace
}  // namespace brickline
