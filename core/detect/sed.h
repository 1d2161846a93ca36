// Spectral energy distributions for detection: how bright in each band a source of that colour is.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace brickline {

// factor[b]: the flux of band b times this is the flux in the SED's own units; 0: the band is not used.
struct Sed {
  std::string name;
  std::vector<double> factor;
};

// The filters that a run in these bands looks through, in order: each band by itself, last band first; then,
// with more than one band, every SED of the reference pipeline (Flat and Red for g, r, i, z; IAFlat;
// IBISFlat) of which the run has at least two bands. A band that none of them knows, u and Y apart, counts as
// 1 in Flat.
std::vector<Sed> detection_seds(std::span<const std::string> bands);

}  // namespace brickline
