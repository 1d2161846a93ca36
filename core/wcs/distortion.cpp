#include "core/wcs/distortion.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace brickline {

void DistortionPolynomial::add_term(int i, int j, double coefficient) {
  assert(i >= 0 && j >= 0);
  const int needed = i + j;
  if (needed > degree_) {
    std::vector<double> grown(static_cast<std::size_t>((needed + 1) * (needed + 2) / 2));
    std::size_t from = 0, to = 0;
    for (int row = 0; row <= degree_; ++row) {
      std::copy_n(coefficients_.begin() + from, degree_ - row + 1, grown.begin() + to);
      from += degree_ - row + 1;
      to += needed - row + 1;
    }
    coefficients_ = std::move(grown);
    degree_ = needed;
  }
  coefficients_[j * (degree_ + 1) - j * (j - 1) / 2 + i] += coefficient;
}

void DistortionPolynomial::scale_arguments(const Scale& x, const Scale& y) {
  x_scale_ = x;
  y_scale_ = y;
  is_scaled_ = true;
}

void DistortionPolynomial::add_radial(int k, double coefficient) {
  radial_.at(k) += coefficient;
  has_radial_ = has_radial_ || coefficient != 0;
}

double DistortionPolynomial::operator()(double x, double y) const {
  if (is_scaled_) {
    x = x_scale_.factor * x + x_scale_.zero;
    y = y_scale_.factor * y + y_scale_.zero;
  }
  // Horner in y over rows that are Horner in x; the rows are walked from the last (highest power of y) back.
  const double* row_end = coefficients_.data() + coefficients_.size();
  double f = 0;
  for (int length = 1; length <= degree_ + 1; ++length) {
    double p = 0;
    for (int i = 1; i <= length; ++i) p = p * x + row_end[-i];
    row_end -= length;
    f = f * y + p;
  }
  if (has_radial_) {
    const double r2 = x * x + y * y;
    f += std::sqrt(r2) * (radial_[0] + r2 * (radial_[1] + r2 * (radial_[2] + r2 * radial_[3])));
  }
  return f;
}

DistortionPolynomial::Value DistortionPolynomial::with_derivatives(double x, double y) const {
  if (is_scaled_) {
    x = x_scale_.factor * x + x_scale_.zero;
    y = y_scale_.factor * y + y_scale_.zero;
  }
  const double* row_end = coefficients_.data() + coefficients_.size();
  Value v;
  for (int length = 1; length <= degree_ + 1; ++length) {
    double p = 0, dp = 0;
    for (int i = 1; i <= length; ++i) {
      dp = dp * x + p;
      p = p * x + row_end[-i];
    }
    row_end -= length;
    v.dy = v.dy * y + v.f;
    v.f = v.f * y + p;
    v.dx = v.dx * y + dp;
  }
  if (has_radial_) {
    const double r2 = x * x + y * y, r = std::sqrt(r2);
    v.f += r * (radial_[0] + r2 * (radial_[1] + r2 * (radial_[2] + r2 * radial_[3])));
    if (r > 0) {
      const double slope =
          (radial_[0] + r2 * (3 * radial_[1] + r2 * (5 * radial_[2] + r2 * 7 * radial_[3]))) / r;
      v.dx += slope * x;
      v.dy += slope * y;
    }
  }
  if (is_scaled_) {
    v.dx *= x_scale_.factor;
    v.dy *= y_scale_.factor;
  }
  return v;
}

Distortion Distortion::turned(const std::array<double, 2>& angle) const {
  Distortion t = *this;
  t.cos_ = cos_ * angle[0] - sin_ * angle[1];
  t.sin_ = sin_ * angle[0] + cos_ * angle[1];
  t.is_turned_ = t.cos_ != 1 || t.sin_ != 0;
  return t;
}

Distortion Distortion::mirroring() const {
  Distortion m = *this;
  m.orientation_ = -1;
  return m;
}

std::pair<double, double> Distortion::turned_value(double x, double y) const {
  // Into the axes of the polynomials, through them, and back.
  const double u = cos_ * x - sin_ * y, v = sin_ * x + cos_ * y;
  const double a = x_(u, v), b = y_(u, v);
  return {cos_ * a + sin_ * b, cos_ * b - sin_ * a};
}

std::pair<DistortionPolynomial::Value, DistortionPolynomial::Value> Distortion::turned_derivatives(
    double x, double y) const {
  const double u = cos_ * x - sin_ * y, v = sin_ * x + cos_ * y;
  const DistortionPolynomial::Value a = x_.with_derivatives(u, v), b = y_.with_derivatives(u, v);
  const auto by_x = [&](const DistortionPolynomial::Value& p) { return cos_ * p.dx + sin_ * p.dy; };
  const auto by_y = [&](const DistortionPolynomial::Value& p) { return cos_ * p.dy - sin_ * p.dx; };
  return {{cos_ * a.f + sin_ * b.f, cos_ * by_x(a) + sin_ * by_x(b), cos_ * by_y(a) + sin_ * by_y(b)},
          {cos_ * b.f - sin_ * a.f, cos_ * by_x(b) - sin_ * by_x(a), cos_ * by_y(b) - sin_ * by_y(a)}};
}

TpvTerm tpv_term(int m) {
  // Orders 0..7 follow one another, each from the first argument's highest power to the second's, and each
  // odd order is followed by its power of r.
  assert(m >= 0 && m < 40);
  int first = 0;
  for (int order = 0;; ++order) {
    const bool odd = order % 2 == 1;
    if (m <= first + order) return {order - (m - first), m - first};
    first += order + 1;
    if (odd && m == first) return {order, -1};
    if (odd) ++first;
  }
}

}  // namespace brickline
