#include "core/zeropoints/robust.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace brickline {

double median_of(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const std::size_t half = values.size() / 2;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(half);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
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
