// Spectral energy distributions for detection: how bright in each band a source of that colour is.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/facts/band_facts.h"

namespace brickline {

// factor[b]: the flux of band b times this is the flux in the SED's own units; 0: the band is not used.
struct Sed {
  std::string name;
  std::vector<double> factor;
};

// The filters that a run in these bands looks through, in order: each band by itself, last band first; then,
// with more than one band, every SED that at least two of them know (BandFacts::seds): those of the reference
// pipeline in its order (Flat and Red for g, r, i, z; IAFlat; IBISFlat), then a camera's own by name. A band
// that nobody has said anything of counts as 1 in Flat. `facts` need not hold the standard bands.
std::vector<Sed> detection_seds(std::span<const std::string> bands,
                                const std::map<std::string, BandFacts>& facts = {});

}  // namespace brickline
