#include "core/zeropoints/selected_inverse.h"

#include <Eigen/Dense>
#include <vector>

namespace brickline {
namespace {

using Eigen::Index;

// Columns [first, last) of which each has the structure of the next and one row more.
Index first_of_block(const int* starts, const int* rows, Index last) {
  Index first = last - 1;
  while (first > 0) {
    const Index j = first - 1;
    const int count = starts[j + 1] - starts[j], next = starts[j + 2] - starts[j + 1];
    if (count != next + 1 || rows[starts[j]] != first) break;
    first = j;
  }
  return first;
}

}  // namespace

Eigen::VectorXd inverse_diagonal(const SparseFactor& factor) {
  const auto& l = factor.matrixL().nestedExpression();  // without its diagonal, rows ascending
  const Eigen::VectorXd d = factor.vectorD();
  const Index n = d.size();
  const int* starts = l.outerIndexPtr();
  const int* rows = l.innerIndexPtr();
  const double* values = l.valuePtr();
  std::vector<double> z(static_cast<std::size_t>(l.nonZeros()));
  Eigen::VectorXd diagonal(n);
  std::vector<int> place(static_cast<std::size_t>(n), -1);
  Eigen::MatrixXd z_rr, z_rj, l_rj, l_jj, z_jj;
  for (Index last = n; last > 0;) {
    const Index first = first_of_block(starts, rows, last), w = last - first;
    const int* below = rows + starts[last - 1];
    const Index r = starts[last] - starts[last - 1];
    for (Index b = 0; b < r; ++b) place[static_cast<std::size_t>(below[b])] = static_cast<int>(b);
    z_rr.setZero(r, r);
    for (Index b = 0; b < r; ++b) {
      const int k = below[b];
      z_rr(b, b) = diagonal[k];
      for (int p = starts[k]; p < starts[k + 1]; ++p)
        if (const int a = place[static_cast<std::size_t>(rows[p])]; a >= 0)
          z_rr(a, b) = z[static_cast<std::size_t>(p)];
    }
    for (Index b = 0; b < r; ++b) place[static_cast<std::size_t>(below[b])] = -1;
    l_jj.setIdentity(w, w);
    l_rj.resize(r, w);
    for (Index j = 0; j < w; ++j) {
      const double* column = values + starts[first + j];
      for (Index i = j + 1; i < w; ++i) l_jj(i, j) = column[i - j - 1];
      for (Index b = 0; b < r; ++b) l_rj(b, j) = column[w - j - 1 + b];
    }
    const auto unit_lower = l_jj.triangularView<Eigen::UnitLower>();
    z_jj.setIdentity(w, w);
    unit_lower.solveInPlace(z_jj);
    z_jj = (z_jj.transpose() * d.segment(first, w).cwiseInverse().asDiagonal() * z_jj).eval();
    z_rj.setZero(r, w);
    if (r > 0) {
      unit_lower.solveInPlace<Eigen::OnTheRight>(l_rj);  // X
      z_rj.noalias() -= z_rr.selfadjointView<Eigen::Lower>() * l_rj;
      z_jj.noalias() -= l_rj.transpose() * z_rj;
    }
    for (Index j = 0; j < w; ++j) {
      diagonal[first + j] = z_jj(j, j);
      double* column = z.data() + starts[first + j];
      for (Index i = j + 1; i < w; ++i) column[i - j - 1] = z_jj(i, j);
      for (Index b = 0; b < r; ++b) column[w - j - 1 + b] = z_rj(b, j);
    }
    last = first;
  }
  return factor.permutationPinv().size() ? Eigen::VectorXd(factor.permutationPinv() * diagonal) : diagonal;
}

}  // namespace brickline
