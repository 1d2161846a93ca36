#include "core/fit/envelope_cholesky.h"

#include <gtest/gtest.h>

#include <Eigen/SparseCholesky>
#include <cmath>
#include <numeric>
#include <vector>

namespace brickline {
namespace {

// Neighbours within 40 places, and every 97th unknown with all.
Eigen::SparseMatrix<double> banded(int n) {
  std::vector<Eigen::Triplet<double>> entries;
  for (int i = 0; i < n; ++i) {
    entries.emplace_back(i, i, 1 + 0.001 * n);
    for (int j = i + 1; j < n; ++j) {
      const bool near = j - i <= 40, wide = i % 97 == 0 || j % 97 == 0;
      if (!near && !wide) continue;
      const double v = near ? 0.02 * std::cos(0.3 * (i + 2 * j)) : 1e-4 * std::sin(i + j);
      entries.emplace_back(i, j, v);
      entries.emplace_back(j, i, v);
    }
  }
  Eigen::SparseMatrix<double> a(n, n);
  a.setFromTriplets(entries.begin(), entries.end());
  return a;
}

TEST(EnvelopeCholesky, IsTheSparseSolversSolution) {
  for (int n : {1, 63, 64, 65, 500}) {
    const Eigen::SparseMatrix<double> a = banded(n);
    Eigen::VectorXd b(n);
    for (int i = 0; i < n; ++i) b[i] = std::sin(i * 1.7);
    // The wide unknowns last.
    std::vector<int> order;
    for (bool wide : {false, true})
      for (int i = 0; i < n; ++i)
        if ((i % 97 == 0) == wide) order.push_back(i);
    const auto x = solve_within_envelope(a, b, order, 1e-10);
    ASSERT_TRUE(x) << n;
    EXPECT_LT((a * *x - b).norm(), 1e-12 * std::max(1.0, b.norm())) << n;
    const Eigen::VectorXd sparse = Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>>(a).solve(b);
    EXPECT_LT((*x - sparse).norm(), 1e-12 * std::max(1.0, sparse.norm())) << n;
  }
}

TEST(EnvelopeCholesky, ASingularSystemIsNotSolved) {
  Eigen::SparseMatrix<double> a(2, 2);
  a.insert(0, 0) = 1;
  a.insert(1, 1) = 1;
  a.insert(0, 1) = 1;
  a.insert(1, 0) = 1;
  const std::vector<int> order = {0, 1};
  EXPECT_FALSE(solve_within_envelope(a, Eigen::VectorXd::Ones(2), order, 1e-10));
}

}  // namespace
}  // namespace brickline
