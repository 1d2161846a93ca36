#include "core/fit/sparse_inverse.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

namespace brickline {
namespace {

// Correlations of stars at random places of a square, seen through a Gaussian PSF of width 1; the last `wide` of them
// overlap all.
Eigen::SparseMatrix<double> stars(int n, double side, int wide, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> place(0, side);
  std::vector<std::pair<double, double>> at;
  for (int i = 0; i < n; ++i) {
    const double x = place(random);
    at.emplace_back(x, place(random));
  }
  std::vector<Eigen::Triplet<double>> entries;
  for (int i = 0; i < n; ++i) {
    entries.emplace_back(i, i, 1.0);
    for (int j = i + 1; j < n; ++j) {
      const double r2 = std::pow(at[i].first - at[j].first, 2) + std::pow(at[i].second - at[j].second, 2);
      const double v = j >= n - wide ? 0.3 / std::sqrt(static_cast<double>(n))
                       : r2 < 100    ? std::exp(-r2 / 4)
                                     : 0;
      if (v == 0) continue;
      entries.emplace_back(i, j, v);
      entries.emplace_back(j, i, v);
    }
  }
  Eigen::SparseMatrix<double> a(n, n);
  a.setFromTriplets(entries.begin(), entries.end());
  return a;
}

TEST(SparseInverse, IsThatOfTheWholeMatrix) {
  for (const auto& [n, side, wide] :
       {std::tuple{1, 1.0, 0}, {65, 20.0, 0}, {700, 100.0, 0}, {700, 60.0, 0}, {700, 100.0, 1}}) {
    const Eigen::SparseMatrix<double> a = stars(n, side, wide, 5);
    const std::vector<double> shares = inverse_diagonal_shares(a);
    const Eigen::MatrixXd inverse = Eigen::MatrixXd(a).inverse();
    for (int i = 0; i < n; ++i)
      EXPECT_NEAR(shares[static_cast<std::size_t>(i)] * inverse(i, i), 1, 5e-3) << n << " " << i;
  }
}

// What is left out to be fast must not be what makes the matrix one that has an inverse.
TEST(SparseInverse, OfUnknownsThatAreNotToldApartNothingIsLeft) {
  Eigen::SparseMatrix<double> a = stars(40, 30, 0, 6);
  a.conservativeResize(42, 42);
  for (int i = 40; i < 42; ++i) a.coeffRef(i, i) = 1;
  a.coeffRef(40, 41) = a.coeffRef(41, 40) = 1;
  const std::vector<double> shares = inverse_diagonal_shares(a),
                            without = inverse_diagonal_shares(stars(40, 30, 0, 6));
  EXPECT_EQ(shares[40], 0);
  EXPECT_EQ(shares[41], 0);
  for (std::size_t i = 0; i < 40; ++i) EXPECT_NEAR(shares[i], without[i], 1e-6);
}

}  // namespace
}  // namespace brickline
