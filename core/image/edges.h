// What is done at the edges of a sub-image.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/image.h"

namespace brickline {

// Saturated cores and bleed trails that run off the sides of the detector carry no usable edge: every
// 4-connected component of pixels with any of `bits` that touches the first or last column becomes
// mask_bit::kEdge as a whole (its other bits are lost). Returns the number of pixels relabelled.
std::int64_t relabel_at_side_edges(Image<std::uint16_t>& mask, std::uint16_t bits);

// The box without the complete outer rows and columns whose weights are all 0. The four limits are
// independent: rows are judged over the full width, columns over the full height. Empty if all weights are 0.
Box weighted_box(const Image<float>& weight);

// n >= 2 values from 0 to 1: arctan at n places from -pi to pi, scaled.
std::vector<float> apodization_ramp(int n);
// Multiplies weights by ramps of `pixels` from all four sides, or of half the image where that is less.
void apodize(Image<float>& weight, int pixels);

}  // namespace brickline
