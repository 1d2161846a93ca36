// The diagonal of the inverse of a sparse matrix: how well each of thousands of unknowns is known with all others free.
#pragma once

#include <Eigen/SparseCore>
#include <vector>

namespace brickline {

// 1/(A^-1)_ii of A symmetric, positive semidefinite, both halves given, with a unit diagonal: what is left of each
// unknown's information, 0 to 1. 0: less than 1e-5 is, the unknown is not told from others. Where roundings have made the
// matrix indefinite up to 1e-4 is added to its diagonal, and 0 means less than ten times that. Error (kInternal) if that
// does not do.
//
// Unknowns are ordered by Cuthill & McKee (1969), in reverse; the factor is dense within an envelope, and of the inverse
// what lies in the envelope is found (Takahashi, Fagan & Chin 1973; Erisman & Tinney 1975). Of n unknowns that reach b
// others in that order it takes some 3 n b^2 multiplications and n b numbers: of stars at random n^2 and n^1.5.
// Entries below 1e-5 are left out: by that shares change by less than 1e-5, and by 1e-3 where less than a hundredth is left
// of most. Where the matrix is not positive definite without them, they stay.
std::vector<double> inverse_diagonal_shares(const Eigen::SparseMatrix<double>& a);

}  // namespace brickline
