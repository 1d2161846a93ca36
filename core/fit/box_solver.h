// The step of a Levenberg-Marquardt iteration inside a box.
#pragma once

#include <array>

namespace brickline {

// minimize 1/2 d^T A d - g^T d subject to low <= d <= high, for up to kMax variables, A symmetric and
// positive semidefinite, low <= 0 <= high. A primal active-set method (Nocedal & Wright, Numerical
// Optimization, section 16.5): exact, and a variable at its bound does not keep the others from moving.
// Directions in which A is singular (relative pivot below 1e-12 after scaling to unit diagonal) are not moved
// along.
struct BoxProblem {
  static constexpr int kMax = 6;
  int size = 0;
  std::array<std::array<double, kMax>, kMax> a{};
  std::array<double, kMax> g{}, low{}, high{};
};
std::array<double, BoxProblem::kMax> solve_in_box(const BoxProblem& problem);

}  // namespace brickline
