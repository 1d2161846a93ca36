// The polynomials that bend a tangent projection, with their derivatives.
#pragma once

#include <array>
#include <utility>
#include <vector>

namespace brickline {

// p(x, y) = sum over i+j <= degree of c_ij x^i y^j  +  sum over k of radial_k r^(2k+1), r = hypot(x, y).
class DistortionPolynomial {
 public:
  struct Value {
    double f = 0, dx = 0, dy = 0;  // p and its derivatives
  };

  // Adds to the coefficient of x^i y^j.
  void add_term(int i, int j, double coefficient);
  // Adds to the coefficient of r^(2k+1), k = 0..3.
  void add_radial(int k, double coefficient);

  double operator()(double x, double y) const;
  Value with_derivatives(double x, double y) const;

 private:
  int degree_ = 0;
  bool has_radial_ = false;
  std::vector<double> coefficients_{0.0};  // row j holds x^0 .. x^(degree-j); rows in order of j
  std::array<double, 4> radial_{};
};

// The powers of (x, y), or of r (j = -1), that the TPV coefficient PVi_m multiplies; m in 0..39. The
// arguments are (xi, eta) for axis 1 and (eta, xi) for axis 2.
struct TpvTerm {
  int i, j;
};
TpvTerm tpv_term(int m);

}  // namespace brickline
