// The seven-tap Lanczos-3 filter that moves a picture by a fraction of a pixel.
#pragma once

namespace brickline {

// out[i] = sum_k taps[k+3] in[i+k], k = -3..3, moves a picture by +delta pixels (|delta| <= 1/2):
// taps[k+3] proportional to L3(k + delta), L3(x) = 3 sin(pi x) sin(pi x/3)/(pi x)^2, of sum 1. slope: d
// taps/d delta.
struct LanczosTaps {
  double taps[7], slope[7];
};
LanczosTaps lanczos_taps(double delta);

}  // namespace brickline
