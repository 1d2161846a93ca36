// Exact solution, and inverse, of large systems that are dense within an envelope: thousands of sources in a strip of sky, each
// overlapping those near it.
#pragma once

#include <Eigen/Core>
#include <Eigen/SparseCore>
#include <optional>
#include <span>

namespace brickline {

// Solves A x = b, A symmetric positive definite (both halves given). `order[k]` is the unknown that is eliminated
// k-th; it should bring together what is connected, and leave unknowns that are connected with many to the end: row
// k of the factor is filled from the first of its unknowns in that order on. Block Cholesky (Golub & Van Loan,
// 4.2.9). Empty if a squared pivot comes out below `least_pivot`.
std::optional<Eigen::VectorXd> solve_within_envelope(const Eigen::SparseMatrix<double>& a,
                                                     const Eigen::VectorXd& b, std::span<const int> order,
                                                     double least_pivot);

// The diagonal of A^-1, likewise: of the inverse what lies within the envelope is found, in the factor's place (Takahashi,
// Fagan & Chin 1973). Twice the factor's time beside it.
std::optional<Eigen::VectorXd> inverse_diagonal_within_envelope(const Eigen::SparseMatrix<double>& a,
                                                                std::span<const int> order,
                                                                double least_pivot);

}  // namespace brickline
