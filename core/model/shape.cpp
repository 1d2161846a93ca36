#include "core/model/shape.h"

#include <cmath>
#include <limits>

namespace brickline {
namespace {

constexpr double kMinAxisRatio = 1e-3;
// Below this eta the closed forms lose digits to cancellation and the first terms of their series are exact.
constexpr double kSmallEta = 1e-5;

// J M J^T for symmetric M.
ShapeMatrix in_pixels(const std::array<double, 4>& j, double xx, double xy, double yy) {
  return {j[0] * j[0] * xx + 2 * j[0] * j[1] * xy + j[1] * j[1] * yy,
          j[0] * j[2] * xx + (j[0] * j[3] + j[1] * j[2]) * xy + j[1] * j[3] * yy,
          j[2] * j[2] * xx + 2 * j[2] * j[3] * xy + j[3] * j[3] * yy};
}

struct Axes {
  double c, d, c_slope, d_slope;  // C, D and their derivatives by eta
};

Axes axes_of(double eta) {
  if (eta < kSmallEta) return {1 + 2 * eta * eta, 2 - eta, 4 * eta, -1};
  const double inverse = 2 * std::exp(eta) - 1;
  if (inverse >= 1 / kMinAxisRatio) {
    const double q = kMinAxisRatio, d = (1 / q - q) / (2 * eta);
    return {(q + 1 / q) / 2, d, 0, -d / eta};
  }
  const double q = 1 / inverse, d = (inverse - q) / (2 * eta), e = std::exp(eta);
  return {(q + inverse) / 2, d, e * (1 - q * q), (e * (1 + q * q) - d) / eta};
}

}  // namespace

std::array<double, 4> pixels_per_arcsec(const CdMatrix& cd) {
  const double det = (cd[0] * cd[3] - cd[1] * cd[2]) * 3600;
  if (!(std::abs(det) > 0) || !std::isfinite(det)) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    return {nan, nan, nan, nan};
  }
  return {cd[3] / det, -cd[1] / det, -cd[2] / det, cd[0] / det};
}

HalfLogAxisRatio half_log_axis_ratio(double ee1, double ee2) {
  const double eta = std::hypot(ee1, ee2), e = std::exp(eta), inverse = 2 * e - 1;
  if (inverse >= 1 / kMinAxisRatio) return {std::log(kMinAxisRatio) / 2, 0, 0};
  if (eta < kSmallEta) return {-std::log(inverse) / 2, 0, 0};
  const double slope = -e / inverse;
  return {-std::log(inverse) / 2, slope * ee1 / eta, slope * ee2 / eta};
}

ShapeDerivatives shape_derivatives(const SoftenedEllipse& s, const std::array<double, 4>& j) {
  const double eta = std::hypot(s.ee1, s.ee2);
  const Axes a = axes_of(eta);
  const double scale = std::exp(2 * (s.log_re + half_log_axis_ratio(s.ee1, s.ee2).value));
  const double u1 = eta > 0 ? s.ee1 / eta : 0, u2 = eta > 0 ? s.ee2 / eta : 0;
  ShapeDerivatives out;
  out.shape = in_pixels(j, scale * (a.c - a.d * s.ee1), scale * a.d * s.ee2, scale * (a.c + a.d * s.ee1));
  out.by_log_mean_radius = {2 * out.shape.xx, 2 * out.shape.xy, 2 * out.shape.yy};
  const auto by = [&](double u, double h_xx, double h_xy) {
    const double i = a.c_slope * u, h = a.d_slope * u;
    return in_pixels(j, scale * (i - h * s.ee1 + a.d * h_xx), scale * (h * s.ee2 + a.d * h_xy),
                     scale * (i + h * s.ee1 - a.d * h_xx));
  };
  out.by_ee1 = by(u1, -1, 0);
  out.by_ee2 = by(u2, 0, 1);
  return out;
}

ShapeMatrix shape_matrix(const SoftenedEllipse& ellipse, const std::array<double, 4>& j) {
  return shape_derivatives(ellipse, j).shape;
}

}  // namespace brickline
