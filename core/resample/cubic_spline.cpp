#include "core/resample/cubic_spline.h"

#include <cassert>

namespace brickline {

UniformSpline::UniformSpline(int n) : n_(n), pivot_(static_cast<std::size_t>(n), 0.0) {
  assert(n >= 4);
  // Rows 2 .. n-3 of m[i-1] + 4 m[i] + m[i+1] = r[i]; m[1] and m[n-2] are known in advance.
  double previous = 0;
  for (int i = 2; i <= n - 3; ++i) {
    pivot_[i] = 1 / (4 - previous);
    previous = pivot_[i];
  }
}

void UniformSpline::curvatures(const double* values, double* second, std::ptrdiff_t stride) const {
  const auto f = [=](int i) { return values[i * stride]; };
  const auto m = [=](int i) -> double& { return second[i * stride]; };
  const auto bend = [&](int i) { return 6 * (f(i - 1) - 2 * f(i) + f(i + 1)); };
  // The end conditions m[0] = 2 m[1] - m[2] turn the first and last equations into 6 m = r.
  m(1) = bend(1) / 6;
  m(n_ - 2) = bend(n_ - 2) / 6;
  for (int i = 2; i <= n_ - 3; ++i) {
    const double known = i == n_ - 3 ? m(n_ - 2) : 0;
    m(i) = (bend(i) - known - m(i - 1)) * pivot_[i];
  }
  for (int i = n_ - 4; i >= 2; --i) m(i) -= pivot_[i] * m(i + 1);
  m(0) = 2 * m(1) - m(2);
  m(n_ - 1) = 2 * m(n_ - 2) - m(n_ - 3);
}

}  // namespace brickline
