// Models of the sky level over a CCD, in the native units of its image.
//
// Positions are full-CCD pixels, 0-based. The forms, and the keys under which survey files hold them:
//   constant        "tractor.sky.ConstantSky"         one value
//   constant jump   "legacypipe.jumpsky.ConstantJumpSky"   one value left of x_break, one from there on
//   spline          "tractor.splinesky.SplineSky"     tensor-product spline through values on a grid
//   spline jump     "legacypipe.jumpsky.JumpSky"      spline, plus a constant from x_break on
//
// The spline interpolates (smoothing 0) with the knots of FITPACK's regrid (Dierckx 1993, ch. 5): for odd
// degrees k the end points k+1 times and the inner grid positions but the first and last (k-1)/2, which for
// cubics is the "not-a-knot" condition. Outside the grid it continues with the value at the grid's edge.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/image.h"

namespace brickline {

// One axis of a spline: grid positions (increasing), degree, knots.
class SplineAxis {
 public:
  SplineAxis() = default;
  // Error (kInput) unless there are more positions than `degree` and they increase.
  SplineAxis(std::vector<double> positions, int degree);

  int size() const { return static_cast<int>(positions_.size()); }
  int degree() const { return degree_; }
  const std::vector<double>& knots() const { return knots_; }
  // Coefficients of the spline through `values`, one per position; in place.
  void interpolate(std::vector<double>& values) const;
  // The first of the degree+1 basis functions that are not zero at x (brought into the grid), and their
  // values.
  int basis(double x, double* values) const;
  static constexpr int kMaxDegree = 5;

 private:
  std::vector<double> positions_, knots_;
  std::vector<double> lu_;  // collocation matrix, factored; size x size
  std::vector<int> pivots_;
  int degree_ = 0;
};

class SkyModel {
 public:
  static SkyModel constant(double value);
  static SkyModel constant_jump(double x_break, double left, double right);
  // `values` row by row, y_positions.size() rows of x_positions.size().
  static SkyModel spline(const std::vector<double>& x_positions, const std::vector<double>& y_positions,
                         const std::vector<double>& values, int degree = 3);
  static SkyModel spline_jump(SkyModel spline, double x_break, double jump);

  // As seen by an image whose pixel (0,0) is this one's (x0, y0).
  SkyModel shifted(double x0, double y0) const;
  double operator()(double x, double y) const;
  // The level of every pixel of `window`.
  Image<float> render(const Box& window) const;
  const SplineAxis& x_axis() const { return x_axis_; }
  const SplineAxis& y_axis() const { return y_axis_; }

 private:
  SkyModel() = default;
  // Level = value + spline (if there is one) + jump where x + x_origin >= x_break.
  double value_ = 0, jump_ = 0, x_break_ = 0, x_origin_ = 0, y_origin_ = 0;
  bool has_jump_ = false;
  SplineAxis x_axis_, y_axis_;
  std::vector<double> coefficients_;  // row by row as the values
};

}  // namespace brickline
