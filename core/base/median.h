// The median of a list of values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace brickline {

// Of an even number of values the mean of the two in the middle, in T's precision; NaN of none. Reorders the
// list.
template <typename T>
T median_in_place(std::vector<T>& values) {
  if (values.empty()) return std::numeric_limits<T>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

}  // namespace brickline
