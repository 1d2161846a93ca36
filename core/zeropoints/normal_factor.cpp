#include "core/zeropoints/normal_factor.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "core/base/error.h"

namespace brickline {

using Eigen::Index;
using Eigen::VectorXd;

void NormalFactor::compute(const Matrix& a, Index first, std::span<const int> block) {
  others_.clear();
  blocks_.clear();
  const auto singular = [] { return internal_error("the zero points' matrix is singular"); };
  if (block.empty()) {
    factor_.compute(a);
    if (factor_.info() != Eigen::Success) throw singular();
    return;
  }
  const Index last = first + std::ssize(block);
  std::vector<int> place(static_cast<std::size_t>(a.cols()), -1);  // among the others, or in its block
  for (Index i = 0; i < a.cols(); ++i) {
    if (i < first || i >= last) {
      place[static_cast<std::size_t>(i)] = static_cast<int>(others_.size());
      others_.push_back(i);
      continue;
    }
    const auto b = static_cast<std::size_t>(block[static_cast<std::size_t>(i - first)]);
    if (b >= blocks_.size()) blocks_.resize(b + 1);
    place[static_cast<std::size_t>(i)] = static_cast<int>(blocks_[b].unknowns.size());
    blocks_[b].unknowns.push_back(i);
  }
  std::vector<int> starts = {0}, rows;
  std::vector<double> values;
  std::vector<Eigen::MatrixXd> full;
  for (const Block& b : blocks_)
    full.emplace_back(Eigen::MatrixXd::Zero(std::ssize(b.unknowns), std::ssize(b.unknowns)));
  const auto in_block = [&](Index i) { return i >= first && i < last; };
  for (Index column = 0; column < a.cols(); ++column) {
    for (Matrix::InnerIterator element(a, column); element; ++element) {
      const int row_place = place[static_cast<std::size_t>(element.row())],
                column_place = place[static_cast<std::size_t>(column)];
      if (!in_block(column) && !in_block(element.row())) {
        rows.push_back(row_place);
        values.push_back(element.value());
      } else if (in_block(column) && in_block(element.row())) {
        const int b = block[static_cast<std::size_t>(column - first)];
        if (b == block[static_cast<std::size_t>(element.row() - first)])
          full[static_cast<std::size_t>(b)](row_place, column_place) = element.value();
      }
    }
    if (!in_block(column)) starts.push_back(static_cast<int>(rows.size()));
  }
  const Index size = std::ssize(others_);
  factor_.compute(
      Eigen::Map<const Matrix>(size, size, std::ssize(rows), starts.data(), rows.data(), values.data()));
  if (factor_.info() != Eigen::Success) throw singular();
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const Eigen::MatrixXd symmetric = full[b].selfadjointView<Eigen::Lower>();
    blocks_[b].factor.compute(symmetric);
    if (blocks_[b].factor.info() != Eigen::Success || !blocks_[b].factor.isPositive()) throw singular();
  }
}

std::vector<Index> NormalFactor::in_blocks() const {
  std::vector<Index> out;
  for (const Block& b : blocks_) out.insert(out.end(), b.unknowns.begin(), b.unknowns.end());
  std::ranges::sort(out);
  return out;
}

VectorXd NormalFactor::solve(const VectorXd& right) const {
  if (is_whole()) return factor_.solve(right);
  VectorXd out(right.size());
  out(others_) = VectorXd(factor_.solve(VectorXd(right(others_))));
  for (const Block& b : blocks_) out(b.unknowns) = VectorXd(b.factor.solve(VectorXd(right(b.unknowns))));
  return out;
}

VectorXd NormalFactor::diagonal_of_inverse() const {
  if (is_whole()) return inverse_diagonal(factor_);
  VectorXd out(std::ssize(others_));
  for (const Block& b : blocks_) out.conservativeResize(out.size() + std::ssize(b.unknowns));
  out(others_) = inverse_diagonal(factor_);
  for (const Block& b : blocks_) {
    const Index size = std::ssize(b.unknowns);
    const Eigen::MatrixXd inverse = b.factor.solve(Eigen::MatrixXd::Identity(size, size));
    out(b.unknowns) = inverse.diagonal();
  }
  return out;
}

namespace {

// By conjugate gradients, until what is left, r, is small: `done` of it and r M^-1 r.
template <class Done>
VectorXd solve_until(const NormalFactor& near, const NormalFactor::Matrix& a, const VectorXd& right,
                     const Done& done) {
  const auto times = a.selfadjointView<Eigen::Lower>();
  VectorXd x = VectorXd::Zero(right.size()), r = right, z = near.solve(r), p = z;
  double rz = r.dot(z);
  constexpr int kMostSteps = 1000;
  for (int i = 0; !done(r, rz); ++i) {
    if (i == kMostSteps || !std::isfinite(rz))
      throw internal_error("the zero points' equations are not settled after {} steps of conjugate gradients",
                           i);
    const VectorXd ap = times * p;
    const double step = rz / p.dot(ap);
    x += step * p;
    r -= step * ap;
    z = near.solve(r);
    const double next = r.dot(z);
    p = z + next / rz * p;
    rz = next;
  }
  return x;
}

}  // namespace

VectorXd solve_with(const NormalFactor& near, const NormalFactor::Matrix& a, const VectorXd& right,
                    double enough) {
  return solve_until(near, a, right, [&](const VectorXd& r, double) { return r.norm() <= enough; });
}

InverseDiagonal inverse_diagonal(const NormalFactor& factor, const NormalFactor::Matrix& a, Index count,
                                 double wanted) {
  InverseDiagonal out{factor.diagonal_of_inverse()};
  if (factor.is_whole()) return out;
  constexpr int kAtOnce = 8, kMost = 256;
  constexpr double kLeft = 1e-4;   // of a vector, which is random
  constexpr double kOfRoot = 0.5;  // of a relative error
  std::vector<Index> counted, others;
  for (const Index i : factor.not_in_blocks()) (i < count ? counted : others).push_back(i);
  std::mt19937_64 random(1);
  // Of one kind after the other: what those of one have in common with the other would be noise.
  const std::vector<Index> in_blocks = factor.in_blocks();
  const std::pair<const std::vector<Index>&, double&> kinds[] = {
      {counted, out.accuracy}, {in_blocks, out.in_blocks}, {others, out.others}};
  for (const auto& [kind, accuracy] : kinds) {
    if (kind.empty()) continue;
    const VectorXd known = out.value(kind);
    VectorXd sum = VectorXd::Zero(std::ssize(kind)), squares = sum;
    for (int k = 1; k <= kMost; ++k) {
      VectorXd signs = VectorXd::Zero(a.cols());
      std::uint64_t bits = 0;
      for (std::size_t i = 0; i < kind.size(); ++i, bits >>= 1) {
        if (i % 64 == 0) bits = random();
        signs[kind[i]] = bits & 1 ? 1 : -1;
      }
      const VectorXd alone = factor.solve(signs);
      const double enough = kLeft * kLeft * signs.dot(alone);
      const VectorXd solved =
          solve_until(factor, a, signs, [&](const VectorXd&, double rz) { return rz <= enough; }) - alone;
      const VectorXd one = signs(kind).cwiseProduct(solved(kind));
      sum += one;
      squares += one.cwiseAbs2();
      if (k % kAtOnce != 0) continue;
      out.value(kind) = known + (sum / k).cwiseMax(0);
      const VectorXd variance = (squares / k - (sum / k).cwiseAbs2()) / (k - 1);
      accuracy = kOfRoot * std::sqrt(variance.cwiseQuotient(VectorXd(out.value(kind)).cwiseAbs2()).mean());
      if (accuracy <= wanted) break;
    }
  }
  return out;
}

}  // namespace brickline
