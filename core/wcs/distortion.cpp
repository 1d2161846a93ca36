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

void DistortionPolynomial::add_radial(int k, double coefficient) {
  radial_.at(k) += coefficient;
  has_radial_ = has_radial_ || coefficient != 0;
}

double DistortionPolynomial::operator()(double x, double y) const {
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
  return v;
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
