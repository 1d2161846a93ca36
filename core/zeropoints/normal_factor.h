// A normal matrix made ready for solving: factorized whole, or, where that would fill up, by its two diagonal parts.
//
// Amplifiers of each night are thousands of unknowns of which each is tied to CCDs all over the sky: eliminated exactly they
// fill a factor with CCDs x amplifiers elements, which go like the square of the number of CCDs, and the work like its
// cube. What is factorized instead is the matrix without them, and the small block of each detector and time:
//   M = (C 0; 0 D)   of   A = (C B; B^T D + F)
// With M as the preconditioner conjugate gradients solve A exactly, in a few dozen steps. Of the inverse's diagonal, that
// of M's inverse is exact, and what is left is estimated (Hutchinson 1990, Communications in Statistics 19, 433): for vectors v
// of random signs the mean of v (A^-1 v - M^-1 v), element by element, has that as its expectation. It is not below 0: a
// diagonal block of the inverse is not below the inverse of the block. The signs are the same each time.
#pragma once

#include <Eigen/Cholesky>
#include <span>
#include <vector>

#include "core/zeropoints/selected_inverse.h"

namespace brickline {

class NormalFactor {
 public:
  using Matrix = Eigen::SparseMatrix<double>;

  // The lower triangle of a symmetric matrix. Unknowns from `first` on, as many as there are in `block`, are in blocks of
  // these numbers from 0; if there are any, only their diagonal blocks and the matrix without them are factorized.
  // Error (kInternal) where it is singular.
  void compute(const Matrix& a, Eigen::Index first = 0, std::span<const int> block = {});
  bool is_whole() const { return blocks_.empty(); }
  Eigen::VectorXd solve(const Eigen::VectorXd& right) const;
  Eigen::VectorXd diagonal_of_inverse() const;
  // Unless it is whole; ascending.
  std::vector<Eigen::Index> in_blocks() const;
  const std::vector<Eigen::Index>& not_in_blocks() const { return others_; }

 private:
  struct Block {
    std::vector<Eigen::Index> unknowns;
    Eigen::LDLT<Eigen::MatrixXd> factor;
  };
  SparseFactor factor_;
  std::vector<Eigen::Index> others_;  // the unknowns that factor_ is of; empty: all
  std::vector<Block> blocks_;
};

// By conjugate gradients, with the factor of a matrix that is nearly the same; until what is left is not above `enough`.
// Error (kInternal) where 1000 steps do not come to it, or numbers are not finite.
Eigen::VectorXd solve_with(const NormalFactor& near, const NormalFactor::Matrix& a,
                           const Eigen::VectorXd& right, double enough);

// Accuracies: the relative error of the roots, its root mean square over the first `count` unknowns, those in blocks, and the
// others; 0: exact.
struct InverseDiagonal {
  Eigen::VectorXd value;
  double accuracy = 0, in_blocks = 0, others = 0;
};
// `factor` is of `a`. Estimated until the accuracy is `wanted`, or 256 vectors have been tried
// for each of those three: then it is worse than was wanted. Errors as of solve_with().
InverseDiagonal inverse_diagonal(const NormalFactor& factor, const NormalFactor::Matrix& a,
                                 Eigen::Index count, double wanted);

}  // namespace brickline
