// Cubic spline interpolation on equally spaced nodes, with not-a-knot ends: the third derivative is
// continuous at the second and the last but one node, so that cubics are reproduced exactly (de Boor 1978,
// chapter IV).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace brickline {

class UniformSpline {
 public:
  // `n` nodes, at least 4.
  explicit UniformSpline(int n);

  // Second derivatives at the nodes, in units of the node distance squared. Values are read and written
  // `stride` elements apart.
  void curvatures(const double* values, double* second, std::ptrdiff_t stride) const;

  // The cubic between two neighbouring nodes, in t in [0, 1]: ((c3 t + c2) t + c1) t + c0.
  struct Cubic {
    double c0, c1, c2, c3;
    double operator()(double t) const { return ((c3 * t + c2) * t + c1) * t + c0; }
  };
  static Cubic cubic(double f0, double f1, double m0, double m1) {
    return {f0, f1 - f0 - (2 * m0 + m1) / 6, m0 / 2, (m1 - m0) / 6};
  }

 private:
  int n_;
  std::vector<double> pivot_;  // of the constant tridiagonal system's elimination
};

}  // namespace brickline
