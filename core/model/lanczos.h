// The seven-tap Lanczos-3 filter that moves a picture by a fraction of a pixel.
#pragma once

#include <array>

namespace brickline {

// out[i] = sum_k taps[k+3] in[i+k], k = -3..3, moves a picture by +delta pixels (|delta| <= 1/2):
// taps[k+3] proportional to L3(k + delta), L3(x) = 3 sin(pi x) sin(pi x/3)/(pi x)^2, of sum 1. slope: d
// taps/d delta.
struct LanczosTaps {
  double taps[7], slope[7];
};
LanczosTaps lanczos_taps(double delta);

// What a picture that was moved by delta changes by with it, from the moved picture itself:
//   d out[i]/d delta = sum_k filter[k+4] out[i+k], k = -4..4,
// by least squares in frequency space where pictures that are seen through a PSF have light: to half a percent for one of
// 3 pixels (FWHM) or wider. Differences for the true derivative are off by a tenth: the taps move a picture unevenly.
constexpr int kSlopeReach = 4, kSlopeTaps = 2 * kSlopeReach + 1;
using SlopeFilter = std::array<float, kSlopeTaps>;
SlopeFilter lanczos_slope_filter(double delta);

}  // namespace brickline
