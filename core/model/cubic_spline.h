// The interpolating cubic spline with the not-a-knot end condition: its third derivative is continuous at the second and
// the last but one knot (de Boor, A Practical Guide to Splines, ch. IV).
#pragma once

#include <vector>

namespace brickline {

class CubicSpline {
 public:
  // At least four knots, x increasing.
  CubicSpline(std::vector<double> x, std::vector<double> y);

  struct Value {
    double value, slope;
  };
  // Beyond the knots the outermost cubics go on.
  Value at(double x) const;

 private:
  std::vector<double> x_, y_, second_;
};

}  // namespace brickline
