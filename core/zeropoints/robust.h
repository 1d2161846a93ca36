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

// What values scatter about `centre` beyond their own errors: s of
//   sum psi(r_i)^2 = (n - 1) E[psi^2],  r_i = (v_i - centre) / sqrt(e_i^2 + s^2),  psi(r) = clamp(r, -c, c),  c = 1.5
// with the expectation of normal r (Huber's proposal 2: Huber 1964, Ann. Math. Stat. 35, 73), so that outliers count
// no more than values at 1.5 sigma. 0 where the errors explain the scatter, and of fewer than two values.
double scatter_beyond_errors(std::span<const double> values, std::span<const double> errors, double centre);
// Of the median of normal values with these errors and a common scatter beside them: 1/(2 sum f_i(0)/sqrt(n)) for large n,
// f_i their densities, which is
//   sqrt(pi n/2) / sum 1/sqrt(e_i^2 + s^2)
// NaN of none.
double error_of_median(std::span<const double> errors, double scatter);

double mean_of(std::span<const double> values);
double standard_deviation(std::span<const double> values);  // divisor n; 0 of none
double root_mean_square(std::span<const double> values);    // about zero
double root_median_square(std::span<const double> values);

}  // namespace brickline
