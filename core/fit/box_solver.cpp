#include "core/fit/box_solver.h"

#include <algorithm>
#include <cmath>

namespace brickline {
namespace {

constexpr int kMax = BoxProblem::kMax;
constexpr double kSingular = 1e-12;

// Solves the free block of A x = r by LDL^T of the matrix scaled to unit diagonal; variables without a pivot
// stay 0.
void solve_free(const BoxProblem& p, const int* free, int count, const double* r, double* x) {
  double l[kMax][kMax] = {}, d[kMax] = {}, scale[kMax] = {}, y[kMax] = {};
  for (int i = 0; i < count; ++i) {
    const double diagonal = p.a[free[i]][free[i]];
    scale[i] = diagonal > 0 ? 1 / std::sqrt(diagonal) : 0;
  }
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j <= i; ++j) {
      double v = p.a[free[i]][free[j]] * scale[i] * scale[j];
      for (int k = 0; k < j; ++k) v -= l[i][k] * l[j][k] * d[k];
      if (j == i)
        d[i] = v > kSingular ? v : 0;
      else
        l[i][j] = d[j] > 0 ? v / d[j] : 0;
    }
    y[i] = r[i] * scale[i];
    for (int k = 0; k < i; ++k) y[i] -= l[i][k] * y[k];
  }
  for (int i = count - 1; i >= 0; --i) {
    double v = d[i] > 0 ? y[i] / d[i] : 0;
    if (d[i] > 0)
      for (int k = i + 1; k < count; ++k) v -= l[k][i] * x[k];
    x[i] = v;
  }
  for (int i = 0; i < count; ++i) x[i] *= scale[i];
}

}  // namespace

std::array<double, kMax> solve_in_box(const BoxProblem& p) {
  std::array<double, kMax> x{};
  std::array<int, kMax> fixed{};  // 1 at the upper bound, -1 at the lower, 0 free
  constexpr int max_rounds = 16 * kMax;
  for (int round = 0; round < max_rounds; ++round) {
    int free[kMax], count = 0;
    double r[kMax], step[kMax] = {};
    for (int i = 0; i < p.size; ++i) {
      if (fixed[i]) continue;
      double v = p.g[i];
      for (int k = 0; k < p.size; ++k) v -= p.a[i][k] * x[k];
      r[count] = v;
      free[count++] = i;
    }
    solve_free(p, free, count, r, step);
    double length = 1;
    int blocking = -1, side = 0;
    for (int f = 0; f < count; ++f) {
      const int i = free[f];
      const double limit = step[f] > 0 ? p.high[i] - x[i] : p.low[i] - x[i];
      if (step[f] != 0 && limit / step[f] < length) {
        length = std::max(0.0, limit / step[f]);
        blocking = i;
        side = step[f] > 0 ? 1 : -1;
      }
    }
    for (int f = 0; f < count; ++f) {
      const int i = free[f];
      x[i] = std::clamp(x[i] + length * step[f], p.low[i], p.high[i]);
    }
    if (blocking >= 0) {
      fixed[blocking] = side;
      x[blocking] = side > 0 ? p.high[blocking] : p.low[blocking];
      continue;
    }
    // At the optimum of the free variables: let go of the bound that pushes hardest inwards, if any.
    int release = -1;
    double hardest = 0;
    for (int i = 0; i < p.size; ++i) {
      if (!fixed[i]) continue;
      double v = p.g[i];
      for (int k = 0; k < p.size; ++k) v -= p.a[i][k] * x[k];
      const bool inwards = fixed[i] > 0 ? v < 0 : v > 0;
      if (inwards && std::abs(v) > hardest && p.low[i] < p.high[i]) {
        hardest = std::abs(v);
        release = i;
      }
    }
    if (release < 0) break;
    fixed[release] = 0;
  }
  return x;
}

}  // namespace brickline
