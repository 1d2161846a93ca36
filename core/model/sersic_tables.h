// The figures that core/model/mixture.cpp interpolates.
#pragma once

#include <span>

namespace brickline {

// One range of Sersic indices, lo <= n < hi, in which the number of components is fixed. Knots may lie
// outside it: they fix the slopes at its ends. `knots`: per knot {n, amplitude[components],
// variance[components]}.
struct SersicRange {
  double lo, hi;
  int components, knot_count;
  const double* knots;
};

std::span<const SersicRange> sersic_ranges();
// Pairs {n, fraction of the flux in a point-like core}.
std::span<const double> sersic_core_knots();

}  // namespace brickline
