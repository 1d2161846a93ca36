#include "core/wise/quartic_spline.h"

#include <array>
#include <cmath>
#include <utility>

namespace brickline {
namespace {

// The roots inside the unit circle of z^4 + 76 z^3 + 230 z^2 + 76 z + 1, the quartic B-spline's samples.
std::array<double, 2> poles() {
  const double a = std::sqrt(438976.0), b = std::sqrt(304.0);
  return {std::sqrt(664 - a) + b - 19, std::sqrt(664 + a) - b - 19};
}

struct Taps {
  int first = 0;
  double weight[5];
};

Taps taps_at(double x) {
  Taps t;
  t.first = static_cast<int>(std::floor(x + 0.5)) - 2;
  for (int k = 0; k < 5; ++k) {
    const double d = std::abs(x - (t.first + k)), d2 = d * d;
    if (d <= 0.5)
      t.weight[k] = 115.0 / 192 - 5 * d2 / 8 + d2 * d2 / 4;
    else if (d <= 1.5)
      t.weight[k] = (55 + 20 * d - 120 * d2 + 80 * d2 * d - 16 * d2 * d2) / 96;
    else if (d <= 2.5)
      t.weight[k] = (5 - 2 * d) * (5 - 2 * d) * (5 - 2 * d) * (5 - 2 * d) / 384;
    else
      t.weight[k] = 0;
  }
  return t;
}

}  // namespace

void quartic_coefficients(double* values, int count, std::ptrdiff_t stride, SplineEdge edge) {
  const int n = count;
  if (n < 2) return;
  const auto c = [&](int i) -> double& { return values[i * stride]; };
  const std::array<double, 2> roots = poles();
  double gain = 1;
  for (double z : roots) gain *= (1 - z) * (1 - 1 / z);
  for (int i = 0; i < n; ++i) c(i) *= gain;
  for (double z : roots) {
    // The causal filter starts with the sum over the extension's whole period.
    if (edge == SplineEdge::kHalfSample) {
      const double zn = std::pow(z, n);
      double power = z, sum = 0;
      for (int i = 0; i < n; ++i) {
        sum += power * (c(i) + zn * c(n - 1 - i));
        power *= z;
      }
      c(0) += sum / (1 - zn * zn);
    } else {
      const double last = std::pow(z, n - 1);
      double up = z, down = last * last / z, sum = c(0) + last * c(n - 1);
      for (int i = 1; i < n - 1; ++i) {
        sum += (up + down) * c(i);
        up *= z;
        down /= z;
      }
      c(0) = sum / (1 - last * last);
    }
    for (int i = 1; i < n; ++i) c(i) += z * c(i - 1);
    c(n - 1) = edge == SplineEdge::kHalfSample ? c(n - 1) * z / (z - 1)
                                               : (z * c(n - 2) + c(n - 1)) * z / (z * z - 1);
    for (int i = n - 2; i >= 0; --i) c(i) = z * (c(i + 1) - c(i));
  }
}

QuarticSpline::QuarticSpline(Image<double> samples, SplineEdge edge)
    : coefficients_(std::move(samples)), edge_(edge) {
  Image<double>& c = coefficients_;
  for (int y = 0; y < c.height(); ++y) quartic_coefficients(c.row(y), c.width(), 1, edge_);
  for (int x = 0; x < c.width(); ++x) quartic_coefficients(c.data() + x, c.height(), c.stride(), edge_);
}

int QuarticSpline::fold(int i, int n) const {
  if (n == 1) return 0;
  while (i < 0 || i >= n)
    i = edge_ == SplineEdge::kHalfSample ? (i < 0 ? -1 - i : 2 * n - 1 - i) : (i < 0 ? -i : 2 * n - 2 - i);
  return i;
}

double QuarticSpline::at(double x, double y) const {
  const Image<double>& c = coefficients_;
  const Taps tx = taps_at(x), ty = taps_at(y);
  const bool inside =
      tx.first >= 0 && ty.first >= 0 && tx.first + 5 <= c.width() && ty.first + 5 <= c.height();
  double sum = 0;
  for (int l = 0; l < 5; ++l) {
    const double* row = c.row(inside ? ty.first + l : fold(ty.first + l, c.height()));
    double in_row = 0;
    for (int k = 0; k < 5; ++k)
      in_row += tx.weight[k] * row[inside ? tx.first + k : fold(tx.first + k, c.width())];
    sum += ty.weight[l] * in_row;
  }
  return sum;
}

}  // namespace brickline
