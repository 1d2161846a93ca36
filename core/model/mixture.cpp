#include "core/model/mixture.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/model/sersic_tables.h"

namespace brickline {
namespace {

// The interpolating cubic spline with the not-a-knot end condition: its third derivative is continuous at the
// second and the last but one knot (de Boor, A Practical Guide to Splines, ch. IV).
class CubicSpline {
 public:
  CubicSpline(std::vector<double> x, std::vector<double> y) : x_(std::move(x)), y_(std::move(y)) {
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

  struct Value {
    double value, slope;
  };
  Value at(double x) const {
    const auto above = std::upper_bound(x_.begin() + 1, x_.end() - 1, x);
    const std::size_t i = static_cast<std::size_t>(above - x_.begin()) - 1;
    const double h = x_[i + 1] - x_[i], b = (x - x_[i]) / h, a = 1 - b;
    const double value = a * y_[i] + b * y_[i + 1] +
                         ((a * a * a - a) * second_[i] + (b * b * b - b) * second_[i + 1]) * h * h / 6;
    const double slope =
        (y_[i + 1] - y_[i]) / h + ((3 * b * b - 1) * second_[i + 1] - (3 * a * a - 1) * second_[i]) * h / 6;
    return {value, slope};
  }

 private:
  static void solve(std::vector<std::vector<double>>& a) {
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
  std::vector<double> x_, y_, second_;
};

struct RangeSplines {
  double lo = 0, hi = 0;
  std::vector<CubicSpline> amplitude, log_variance;
};

std::vector<RangeSplines> make_range_splines() {
  std::vector<RangeSplines> out;
  for (const SersicRange& range : sersic_ranges()) {
    const int k = range.components, row = 1 + 2 * k;
    std::vector<double> n(range.knot_count), column(range.knot_count);
    for (int i = 0; i < range.knot_count; ++i) n[i] = range.knots[i * row];
    RangeSplines s{range.lo, range.hi, {}, {}};
    for (int c = 0; c < k; ++c) {
      for (int i = 0; i < range.knot_count; ++i) column[i] = range.knots[i * row + 1 + c];
      s.amplitude.emplace_back(n, column);
      for (int i = 0; i < range.knot_count; ++i) column[i] = std::log(range.knots[i * row + 1 + k + c]);
      s.log_variance.emplace_back(n, column);
    }
    out.push_back(std::move(s));
  }
  return out;
}

CubicSpline make_core_spline() {
  std::vector<double> n, core;
  const std::span<const double> knots = sersic_core_knots();
  for (std::size_t i = 0; i < knots.size(); i += 2) {
    n.push_back(knots[i]);
    core.push_back(knots[i + 1]);
  }
  return {std::move(n), std::move(core)};
}

}  // namespace

Mixture exponential_mixture() {
  Mixture m;
  m.size = static_cast<int>(kExponentialAmplitudes.size());
  const double sum = std::accumulate(kExponentialAmplitudes.begin(), kExponentialAmplitudes.end(), 0.0);
  for (int k = 0; k < m.size; ++k) {
    m.amplitude[k] = kExponentialAmplitudes[k] / sum;
    m.variance[k] = kExponentialVariances[k];
  }
  return m;
}

Mixture de_vaucouleurs_mixture() {
  constexpr std::array<double, 8> amplitude = {0.0426347652, 0.240127183, 0.685907632, 1.5193735,
                                               2.83627243,   4.46467501,  5.7244083,   5.60989349};
  constexpr std::array<double, 8> variance = {0.000223759216, 0.00100220099, 0.00418731126, 0.0169432589,
                                              0.0684850479,   0.28720708,    1.33320254,    8.40215071};
  constexpr double core = 0.010233;  // restores the flux of the profile's softened centre
  Mixture m;
  m.size = 9;
  const double sum = std::accumulate(amplitude.begin(), amplitude.end(), 0.0);
  m.amplitude[0] = core;
  for (int k = 0; k < 8; ++k) {
    m.amplitude[k + 1] = amplitude[k] / sum * (1 - core);
    m.variance[k + 1] = variance[k];
  }
  return m;
}

Mixture sersic_mixture(double n) {
  static const std::vector<RangeSplines> ranges = make_range_splines();
  static const CubicSpline core_spline = make_core_spline();
  n = std::clamp(n, kMinTabulatedSersicIndex, kMaxTabulatedSersicIndex);
  const RangeSplines* range = &ranges.back();
  for (const RangeSplines& r : ranges)
    if (n >= r.lo && n < r.hi) range = &r;

  struct Component {
    double amplitude, variance, amplitude_dn, variance_dn;
  };
  std::array<Component, Mixture::kMaxComponents> components{};
  int size = static_cast<int>(range->amplitude.size());
  double sum = 0, sum_dn = 0;
  for (int k = 0; k < size; ++k) {
    const CubicSpline::Value a = range->amplitude[k].at(n), v = range->log_variance[k].at(n);
    const double variance = std::exp(v.value);
    components[k] = {a.value, variance, a.slope, variance * v.slope};
    sum += a.value;
    sum_dn += a.slope;
  }
  const CubicSpline::Value core = n > 1 ? core_spline.at(n) : CubicSpline::Value{0, 0};
  for (int k = 0; k < size; ++k) {
    Component& c = components[k];
    const double fraction = c.amplitude / sum, fraction_dn = (c.amplitude_dn - fraction * sum_dn) / sum;
    c.amplitude = fraction * (1 - core.value);
    c.amplitude_dn = fraction_dn * (1 - core.value) - fraction * core.slope;
  }
  if (n > 1) components[size++] = {core.value, 0, core.slope, 0};
  std::stable_sort(components.begin(), components.begin() + size,
                   [](const Component& a, const Component& b) { return a.variance < b.variance; });
  Mixture m;
  m.size = size;
  for (int k = 0; k < size; ++k) {
    m.amplitude[k] = components[k].amplitude;
    m.variance[k] = components[k].variance;
    m.amplitude_dn[k] = components[k].amplitude_dn;
    m.variance_dn[k] = components[k].variance_dn;
  }
  return m;
}

Mixture profile_mixture(SourceKind kind, double sersic_index) {
  switch (kind) {
    case SourceKind::kRex:
    case SourceKind::kExp:
      return exponential_mixture();
    case SourceKind::kDev:
      return de_vaucouleurs_mixture();
    case SourceKind::kSer:
      return sersic_mixture(sersic_index);
    case SourceKind::kComp:
      throw internal_error("a composite galaxy is no single profile");
    case SourceKind::kPsf:
      break;
  }
  Mixture m;
  m.size = 1;
  m.amplitude[0] = 1;
  return m;
}

}  // namespace brickline
