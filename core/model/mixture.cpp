#include "core/model/mixture.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/model/cubic_spline.h"
#include "core/model/sersic_gaussians.h"
#include "core/model/sersic_tables.h"

namespace brickline {
namespace {

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

Mixture profile_mixture(SourceKind kind, double sersic_index, GalaxyProfiles profiles) {
  const bool whole = profiles == GalaxyProfiles::kSersic;
  switch (kind) {
    case SourceKind::kRex:
    case SourceKind::kExp:
      return whole ? whole_exponential_mixture() : exponential_mixture();
    case SourceKind::kDev:
      return whole ? whole_de_vaucouleurs_mixture() : de_vaucouleurs_mixture();
    case SourceKind::kSer:
      return whole ? whole_sersic_mixture(sersic_index) : sersic_mixture(sersic_index);
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
