// How deep is how much of a brick.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/image.h"

namespace brickline {

// Edges in magnitudes of the depth histogram: 0, 20.1, 20.2, ... 24.9, 100.
std::vector<float> depth_histogram_edges();
// Counts of 5 sigma depths -2.5 (log10(5/sqrt(iv)) - 9), iv the inverse variance of a source's flux
// (1/nanomaggy^2), per bin and over pixels where `unique` is not 0; where iv is not positive the depth is 0.
std::vector<std::int32_t> depth_histogram(ImageView<const float> flux_ivar,
                                          ImageView<const std::uint8_t> unique);

}  // namespace brickline
