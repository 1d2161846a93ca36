// Means and scatters of lists that hold outliers, as zero points and offsets are made of them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace brickline {

// Of an even number of values the mean of the two in the middle; NaN of none.
double median_of(std::vector<double> values);

// What is left when all values outside mean +- n_sigma s are taken out, again and again until none goes; s is the
// standard deviation with divisor n. In the order of `values`, which must be finite.
struct ClippedValues {
  std::vector<double> kept;
  double low = 0, high = 0;  // the last limits, both inside
  bool holds(double v) const { return !kept.empty() && v >= low && v <= high; }
};
ClippedValues clip_values(std::span<const double> values, double n_sigma);

double mean_of(std::span<const double> values);
double standard_deviation(std::span<const double> values);  // divisor n; 0 of none
double root_mean_square(std::span<const double> values);    // about zero
double root_median_square(std::span<const double> values);

}  // namespace brickline
