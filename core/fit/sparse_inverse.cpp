#include "core/fit/sparse_inverse.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "core/base/error.h"
#include "core/fit/envelope_cholesky.h"

namespace brickline {
namespace {

// What is tried in turn: entries left out, what is added to the diagonal. Roundings of sums over pixels are some 1e-7 of a
// unit diagonal, which matters where nearly nothing is left of most unknowns' information.
struct Attempt {
  double least_entry, ridge;
};
constexpr std::array<Attempt, 6> kAttempts = {
    {{1e-5, 1e-9}, {0, 1e-9}, {0, 1e-7}, {0, 1e-6}, {0, 1e-5}, {0, 1e-4}}};
constexpr double kLeastPivot = 1e-12;
constexpr double kLeastShare = 1e-5, kLeastOfRidge = 10;

using Matrix = Eigen::SparseMatrix<double>;
using Neighbours = std::vector<std::vector<int>>;

Neighbours neighbours_in(const Matrix& a) {
  Neighbours out(static_cast<std::size_t>(a.rows()));
  for (int j = 0; j < a.outerSize(); ++j)
    for (Matrix::InnerIterator it(a, j); it; ++it)
      if (it.row() != j) out[static_cast<std::size_t>(j)].push_back(static_cast<int>(it.row()));
  return out;
}

// Breadth first from `start` over what is not placed yet, nearest neighbours of least degree first; appends to `order`.
// Returns where the last level begins in it.
std::size_t walk(const Neighbours& graph, int start, std::vector<char>& placed, std::vector<int>& order) {
  const auto degree = [&](int i) { return graph[static_cast<std::size_t>(i)].size(); };
  std::size_t level = order.size();
  placed[static_cast<std::size_t>(start)] = 1;
  order.push_back(start);
  for (std::size_t begin = level, end = order.size(); begin < end; begin = end, end = order.size()) {
    level = begin;
    for (std::size_t k = begin; k < end; ++k) {
      const std::size_t first = order.size();
      for (const int other : graph[static_cast<std::size_t>(order[k])])
        if (!std::exchange(placed[static_cast<std::size_t>(other)], 1)) order.push_back(other);
      std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(first), order.end(),
                       [&](int x, int y) { return degree(x) != degree(y) ? degree(x) < degree(y) : x < y; });
    }
  }
  return level;
}

// Reverse Cuthill-McKee, each connected group from one of its ends on. Unknowns that touch a third of all come last.
std::vector<int> elimination_order(const Neighbours& graph) {
  const std::size_t n = graph.size();
  std::vector<char> placed(n, 0);
  std::vector<int> order, hubs;
  for (std::size_t i = 0; i < n; ++i)
    if (graph[i].size() > n / 3) {
      placed[i] = 1;
      hubs.push_back(static_cast<int>(i));
    }
  for (std::size_t i = 0; i < n; ++i) {
    if (placed[i]) continue;
    int start = static_cast<int>(i);
    for (int round = 0; round < 2; ++round) {
      std::vector<int> trial;
      std::vector<char> seen = placed;
      const std::size_t last = walk(graph, start, seen, trial);
      start = *std::min_element(trial.begin() + static_cast<std::ptrdiff_t>(last), trial.end(),
                                [&](int x, int y) {
                                  const std::size_t dx = graph[static_cast<std::size_t>(x)].size(),
                                                    dy = graph[static_cast<std::size_t>(y)].size();
                                  return dx != dy ? dx < dy : x < y;
                                });
    }
    walk(graph, start, placed, order);
  }
  std::reverse(order.begin(), order.end());
  order.insert(order.end(), hubs.begin(), hubs.end());
  return order;
}

}  // namespace

std::vector<double> inverse_diagonal_shares(const Matrix& a) {
  std::vector<double> out(static_cast<std::size_t>(a.rows()), 0.0);
  for (const Attempt& attempt : kAttempts) {
    Matrix kept = a;
    kept.prune([&](Eigen::Index row, Eigen::Index column, double v) {
      return row == column || std::abs(v) >= attempt.least_entry;
    });
    for (int i = 0; i < kept.rows(); ++i) kept.coeffRef(i, i) += attempt.ridge;
    const std::optional<Eigen::VectorXd> diagonal =
        inverse_diagonal_within_envelope(kept, elimination_order(neighbours_in(kept)), kLeastPivot);
    if (!diagonal) continue;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double share = 1 / (*diagonal)[static_cast<Eigen::Index>(i)];
      out[i] = share >= std::max(kLeastShare, kLeastOfRidge * attempt.ridge) ? std::min(share, 1.0)
                                                                             : 0;  // not a number: 0
    }
    return out;
  }
  throw internal_error("the normal matrix of {} fluxes has no inverse", a.rows());
}

}  // namespace brickline
