#include "core/fit/envelope_cholesky.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cstddef>
#include <vector>

namespace brickline {
namespace {

constexpr int kBlock = 64;  // unknowns
using Block = Eigen::Matrix<double, kBlock, kBlock>;

// The lower half in blocks, each row of them from its first on.
struct Envelope {
  std::vector<int> first;                  // per row of blocks, the first column of blocks
  std::vector<std::vector<Block>> blocks;  // [row][column - first]
  Block& at(int row, int column) {
    return blocks[static_cast<std::size_t>(row)]
                 [static_cast<std::size_t>(column - first[static_cast<std::size_t>(row)])];
  }
};

Envelope arranged(const Eigen::SparseMatrix<double>& a, std::span<const int> order) {
  const auto n = static_cast<int>(order.size()), rows = (n + kBlock - 1) / kBlock;
  std::vector<int> place(order.size());
  for (int k = 0; k < n; ++k) place[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])] = k;
  Envelope e;
  e.first.resize(static_cast<std::size_t>(rows));
  for (int i = 0; i < rows; ++i) e.first[static_cast<std::size_t>(i)] = i;
  const auto for_each_entry = [&](const auto& f) {
    for (int column = 0; column < a.outerSize(); ++column)
      for (Eigen::SparseMatrix<double>::InnerIterator it(a, column); it; ++it) {
        const int i = place[static_cast<std::size_t>(it.row())], j = place[static_cast<std::size_t>(column)];
        if (i >= j) f(i, j, it.value());
      }
  };
  for_each_entry([&](int i, int j, double) {
    int& first = e.first[static_cast<std::size_t>(i / kBlock)];
    first = std::min(first, j / kBlock);
  });
  e.blocks.resize(static_cast<std::size_t>(rows));
  for (int i = 0; i < rows; ++i)
    e.blocks[static_cast<std::size_t>(i)].assign(
        static_cast<std::size_t>(i - e.first[static_cast<std::size_t>(i)] + 1), Block::Zero());
  for_each_entry([&](int i, int j, double v) { e.at(i / kBlock, j / kBlock)(i % kBlock, j % kBlock) += v; });
  // What is left of the last block stands for itself.
  for (int i = n; i < rows * kBlock; ++i) e.at(rows - 1, rows - 1)(i % kBlock, i % kBlock) = 1;
  return e;
}

// A = L L^T in place. False if a squared pivot comes out below `least_pivot`.
bool factorize(Envelope& e, double least_pivot) {
  const auto rows = static_cast<int>(e.first.size());
  const auto first = [&](int row) { return e.first[static_cast<std::size_t>(row)]; };
  for (int i = 0; i < rows; ++i)
    for (int j = first(i); j <= i; ++j) {
      Block& block = e.at(i, j);
      for (int k = std::max(first(i), first(j)); k < j; ++k)
        block.noalias() -= e.at(i, k) * e.at(j, k).transpose();
      if (j < i) {
        e.at(j, j).triangularView<Eigen::Lower>().transpose().solveInPlace<Eigen::OnTheRight>(block);
        continue;
      }
      Eigen::LLT<Block> factor(block);
      const Block lower = factor.matrixL();
      if (factor.info() != Eigen::Success || !(lower.diagonal().array().square().minCoeff() >= least_pivot))
        return false;
      block = lower;
    }
  return true;
}

}  // namespace

std::optional<Eigen::VectorXd> solve_within_envelope(const Eigen::SparseMatrix<double>& a,
                                                     const Eigen::VectorXd& b, std::span<const int> order,
                                                     double least_pivot) {
  Envelope e = arranged(a, order);
  if (!factorize(e, least_pivot)) return std::nullopt;
  const auto rows = static_cast<int>(e.first.size());
  const auto first = [&](int row) { return e.first[static_cast<std::size_t>(row)]; };
  const auto n = static_cast<Eigen::Index>(order.size());
  Eigen::VectorXd x = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(rows) * kBlock);
  for (Eigen::Index k = 0; k < n; ++k) x[k] = b[order[static_cast<std::size_t>(k)]];
  for (int i = 0; i < rows; ++i) {
    auto part = x.segment<kBlock>(static_cast<Eigen::Index>(i) * kBlock);
    for (int j = first(i); j < i; ++j)
      part.noalias() -= e.at(i, j) * x.segment<kBlock>(static_cast<Eigen::Index>(j) * kBlock);
    e.at(i, i).triangularView<Eigen::Lower>().solveInPlace(part);
  }
  for (int i = rows - 1; i >= 0; --i) {
    auto part = x.segment<kBlock>(static_cast<Eigen::Index>(i) * kBlock);
    e.at(i, i).triangularView<Eigen::Lower>().transpose().solveInPlace(part);
    for (int j = first(i); j < i; ++j)
      x.segment<kBlock>(static_cast<Eigen::Index>(j) * kBlock).noalias() -= e.at(i, j).transpose() * part;
  }
  Eigen::VectorXd out(n);
  for (Eigen::Index k = 0; k < n; ++k) out[order[static_cast<std::size_t>(k)]] = x[k];
  return out;
}

std::optional<Eigen::VectorXd> inverse_diagonal_within_envelope(const Eigen::SparseMatrix<double>& a,
                                                                std::span<const int> order,
                                                                double least_pivot) {
  Envelope e = arranged(a, order);
  if (!factorize(e, least_pivot)) return std::nullopt;
  const auto rows = static_cast<int>(e.first.size());
  // Z = A^-1 satisfies Z L = L^-T. Its columns from the last to the first, each in the place of L's.
  std::vector<int> below;
  std::vector<Block> factors, column;
  for (int j = rows - 1; j >= 0; --j) {
    below.clear();
    for (int i = j + 1; i < rows; ++i)
      if (e.first[static_cast<std::size_t>(i)] <= j) below.push_back(i);
    const Block own = e.at(j, j).triangularView<Eigen::Lower>().solve(Block::Identity());
    factors.clear();
    for (const int k : below) factors.push_back(e.at(k, j) * own);
    column.assign(below.size(), Block::Zero());
    Block corner = own.transpose() * own;
    for (std::size_t a_row = 0; a_row < below.size(); ++a_row)
      for (std::size_t b = 0; b < below.size(); ++b) {
        if (b <= a_row)
          column[a_row].noalias() -= e.at(below[a_row], below[b]) * factors[b];
        else
          column[a_row].noalias() -= e.at(below[b], below[a_row]).transpose() * factors[b];
      }
    for (std::size_t k = 0; k < below.size(); ++k) {
      corner.noalias() -= column[k].transpose() * factors[k];
      e.at(below[k], j) = column[k];
    }
    e.at(j, j) = corner;
  }
  const auto n = static_cast<int>(order.size());
  Eigen::VectorXd out(n);
  for (int k = 0; k < n; ++k)
    out[order[static_cast<std::size_t>(k)]] = e.at(k / kBlock, k / kBlock)(k % kBlock, k % kBlock);
  return out;
}

}  // namespace brickline
