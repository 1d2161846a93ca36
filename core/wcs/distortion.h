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

  // A linear function of an argument: factor * x + zero.
  struct Scale {
    double factor = 1, zero = 0;
  };
  // From now on the polynomial is that of the scaled arguments, its derivatives those by the arguments
  // themselves.
  void scale_arguments(const Scale& x, const Scale& y);
  // Adds to the coefficient of x^i y^j.
  void add_term(int i, int j, double coefficient);
  // Adds to the coefficient of r^(2k+1), k = 0..3.
  void add_radial(int k, double coefficient);

  double operator()(double x, double y) const;
  Value with_derivatives(double x, double y) const;

 private:
  int degree_ = 0;
  bool has_radial_ = false, is_scaled_ = false;
  Scale x_scale_, y_scale_;
  std::vector<double> coefficients_{0.0};  // row j holds x^0 .. x^(degree-j); rows in order of j
  std::array<double, 4> radial_{};
};

// The powers of (x, y), or of r (j = -1), that the TPV coefficient PVi_m multiplies; m in 0..39. The
// arguments are (xi, eta) for axis 1 and (eta, xi) for axis 2.
struct TpvTerm {
  int i, j;
};
TpvTerm tpv_term(int m);

// What bends the plane: both coordinates of a point, each a polynomial of the two.
class Distortion {
 public:
  enum class Place {
    kPixels,  // acts on pixels from the reference pixel, before CD
    kPlane,   // acts on degrees after CD
  };
  // Either polynomial gives the whole bent coordinate, not a correction.
  Distortion(Place place, DistortionPolynomial x, DistortionPolynomial y)
      : place_(place), x_(std::move(x)), y_(std::move(y)) {}

  // The same in axes that are turned by the angle of {cosine, sine}.
  Distortion turned(const std::array<double, 2>& angle) const;

  // The same, known to turn the image over.
  Distortion mirroring() const;

  Place place() const { return place_; }
  // The sign of the derivatives' determinant in the image: -1 where it turns the image over.
  double orientation() const { return orientation_; }
  std::pair<double, double> operator()(double x, double y) const {
    return is_turned_ ? turned_value(x, y) : std::pair{x_(x, y), y_(x, y)};
  }
  std::pair<DistortionPolynomial::Value, DistortionPolynomial::Value> with_derivatives(double x,
                                                                                       double y) const {
    if (is_turned_) return turned_derivatives(x, y);
    return {x_.with_derivatives(x, y), y_.with_derivatives(x, y)};
  }

 private:
  std::pair<double, double> turned_value(double x, double y) const;
  std::pair<DistortionPolynomial::Value, DistortionPolynomial::Value> turned_derivatives(double x,
                                                                                         double y) const;
  Place place_;
  DistortionPolynomial x_, y_;
  bool is_turned_ = false;
  double cos_ = 1, sin_ = 0, orientation_ = 1;
};

}  // namespace brickline
