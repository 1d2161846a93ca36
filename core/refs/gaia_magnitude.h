// Stars' magnitudes in other bands, from Gaia's.
#pragma once

#include "core/facts/band_facts.h"

namespace brickline::refs {

// A star's magnitude by a transform; 30 without the magnitude that it starts from. 0 stands for a magnitude that is
// not known; without a colour, 1.4 mag is taken.
float transformed_magnitude(const GaiaTransform& transform, float g, float bp, float rp);

}  // namespace brickline::refs
