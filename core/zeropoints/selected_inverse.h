// The diagonal of the inverse of a sparse symmetric matrix, without the inverse.
//
// Of A = L D L^T only those elements of Z = A^-1 are computed that L has, from the last column to the first (Takahashi,
// Fagan and Chen 1973). For columns J of one structure, whose rows below are R, with X = L_RJ L_JJ^-1:
//   Z_RJ = -Z_RR X,   Z_JJ = (L_JJ D_J L_JJ^T)^-1 - X^T Z_RJ
// Exact; it takes about as long as the factorization, and as much memory as L's values once more.
#pragma once

#include <Eigen/SparseCholesky>

namespace brickline {

using SparseFactor = Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>>;

// In the order of the matrix that was factorized.
Eigen::VectorXd inverse_diagonal(const SparseFactor& factor);

}  // namespace brickline
