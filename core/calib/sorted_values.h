// A list of pixel values in increasing order, of which medians, percentiles and sigma-clipped parts are had
// cheaply: what the estimates of a sky level ask for again and again.
#pragma once

#include <cstddef>
#include <vector>

namespace brickline {

class SortedValues {
 public:
  // Sorts them (least significant digit first, so that millions of floats take tens of nanoseconds each). They
  // must be finite.
  explicit SortedValues(std::vector<float> values);

  // A part: those with begin <= index < end.
  struct Range {
    std::size_t begin = 0, end = 0;
    std::size_t size() const { return end - begin; }
  };

  std::size_t size() const { return values_.size(); }
  Range all() const { return {0, values_.size()}; }
  float operator[](std::size_t i) const { return values_[i]; }

  // Of an even number of values the mean of the two in the middle, in single precision; NaN of none.
  float median(Range part) const;
  float median() const { return median(all()); }
  // Linear between neighbours; percent within 0 to 100. NaN of none.
  double percentile(double percent) const;
  // How many lie below v.
  std::size_t count_below(double v) const;
  // What stays when all outside mean +- n_sigma * (standard deviation of the whole population) are taken out,
  // again and again until none goes.
  Range clipped(double n_sigma) const;
  double mean(Range part) const;
  double standard_deviation(Range part) const;

 private:
  struct Moments {
    double sum = 0, squares = 0;  // of value - centre_
  };
  Moments moments(std::size_t end) const;  // of the first `end` values
  std::vector<float> values_;
  std::vector<Moments> before_block_;
  double centre_ = 0;
};

// In increasing order; finite values.
void sort_floats(std::vector<float>& values);

}  // namespace brickline
