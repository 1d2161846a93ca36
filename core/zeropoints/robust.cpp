#include "core/zeropoints/robust.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace brickline {

double median_of(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const std::size_t half = values.size() / 2;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(half);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

double scatter_beyond_errors(std::span<const double> values, std::span<const double> errors, double centre) {
  if (values.size() < 2) return 0;
  constexpr double kBound = 1.5;
  const double density = std::exp(-kBound * kBound / 2) / std::sqrt(2 * std::numbers::pi),
               beyond = std::erfc(kBound / std::numbers::sqrt2) / 2;
  const double expected = 1 - 2 * beyond - 2 * kBound * density + 2 * kBound * kBound * beyond;
  const double wanted = static_cast<double>(values.size() - 1) * expected;
  // Falls with s.
  const auto sum = [&](double s) {
    double out = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double r = (values[i] - centre) / std::hypot(errors[i], s);
      out += std::min(r * r, kBound * kBound);
    }
    return out;
  };
  double low = 0, high = 0;
  for (const double v : values) high = std::max(high, std::abs(v - centre));
  if (!(high > 0) || !(sum(0) > wanted)) return 0;
  high *= 2;  // where the sum is below n/4
  constexpr int kSteps = 60;
  for (int i = 0; i < kSteps; ++i) {
    const double middle = (low + high) / 2;
    (sum(middle) > wanted ? low : high) = middle;
  }
  return high;
}

double error_of_median(std::span<const double> errors, double scatter) {
  double sum = 0;
  for (const double e : errors) sum += 1 / std::hypot(e, scatter);
  return std::sqrt(std::numbers::pi / 2 * static_cast<double>(errors.size())) / sum;
}

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
  const double mean = mean_of(values);
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return values.empty() ? 0 : std::sqrt(sum / static_cast<double>(values.size()));
}

double root_mean_square(std::span<const double> values) {
  double sum = 0;
  for (const double v : values) sum += v * v;
  return values.empty() ? 0 : std::sqrt(sum / static_cast<double>(values.size()));
}

double root_median_square(std::span<const double> values) {
  std::vector<double> squares;
  for (const double v : values) squares.push_back(v * v);
  return std::sqrt(median_of(std::move(squares)));
}

ClippedValues clip_values(std::span<const double> values, double n_sigma) {
  ClippedValues out;
  out.kept.assign(values.begin(), values.end());
  while (!out.kept.empty()) {
    const double mean = mean_of(out.kept), reach = n_sigma * standard_deviation(out.kept);
    out.low = mean - reach;
    out.high = mean + reach;
    const std::size_t before = out.kept.size();
    // Of equal values rounding may leave the mean beside them.
    std::vector<double> kept;
    for (const double v : out.kept)
      if (v >= out.low && v <= out.high) kept.push_back(v);
    if (kept.empty()) {
      out.low = *std::min_element(out.kept.begin(), out.kept.end());
      out.high = *std::max_element(out.kept.begin(), out.kept.end());
      break;
    }
    out.kept = std::move(kept);
    if (out.kept.size() == before) break;
  }
  return out;
}

}  // namespace brickline
