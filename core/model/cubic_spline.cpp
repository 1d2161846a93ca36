#include "core/model/cubic_spline.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace brickline {
namespace {

void solve(std::vector<std::vector<double>>& a) {
  const int n = static_cast<int>(a.size());
  for (int c = 0; c < n; ++c) {
    int pivot = c;
    for (int r = c + 1; r < n; ++r)
      if (std::abs(a[r][c]) > std::abs(a[pivot][c])) pivot = r;
    std::swap(a[c], a[pivot]);
    for (int r = 0; r < n; ++r) {
      if (r == c || a[r][c] == 0) continue;
      const double f = a[r][c] / a[c][c];
      for (int k = c; k <= n; ++k) a[r][k] -= f * a[c][k];
    }
  }
  for (int r = 0; r < n; ++r) a[r][n] /= a[r][r];
}

}  // namespace

CubicSpline::CubicSpline(std::vector<double> x, std::vector<double> y) : x_(std::move(x)), y_(std::move(y)) {
  const int n = static_cast<int>(x_.size());
  std::vector<std::vector<double>> a(n, std::vector<double>(n + 1, 0.0));
  const auto h = [&](int i) { return x_[i + 1] - x_[i]; };
  for (int i = 1; i + 1 < n; ++i) {
    a[i][i - 1] = h(i - 1);
    a[i][i] = 2 * (h(i - 1) + h(i));
    a[i][i + 1] = h(i);
    a[i][n] = 6 * ((y_[i + 1] - y_[i]) / h(i) - (y_[i] - y_[i - 1]) / h(i - 1));
  }
  a[0][0] = h(1);
  a[0][1] = -(h(0) + h(1));
  a[0][2] = h(0);
  a[n - 1][n - 3] = h(n - 2);
  a[n - 1][n - 2] = -(h(n - 3) + h(n - 2));
  a[n - 1][n - 1] = h(n - 3);
  solve(a);
  for (int i = 0; i < n; ++i) second_.push_back(a[i][n]);
}

CubicSpline::Value CubicSpline::at(double x) const {
  const auto above = std::upper_bound(x_.begin() + 1, x_.end() - 1, x);
  const std::size_t i = static_cast<std::size_t>(above - x_.begin()) - 1;
  const double h = x_[i + 1] - x_[i], b = (x - x_[i]) / h, a = 1 - b;
  const double value = a * y_[i] + b * y_[i + 1] +
                       ((a * a * a - a) * second_[i] + (b * b * b - b) * second_[i + 1]) * h * h / 6;
  const double slope =
      (y_[i + 1] - y_[i]) / h + ((3 * b * b - 1) * second_[i + 1] - (3 * a * a - 1) * second_[i]) * h / 6;
  return {value, slope};
}

}  // namespace brickline
