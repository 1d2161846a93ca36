// The grid of medians that a sky spline passes through, as the Legacy Surveys' calibrations have it: nodes
// half a box apart, each the median of the good pixels of the box around it.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/image.h"

namespace brickline {

// Node positions along an axis of `size` pixels, 0-based: with h = floor(box/2) and n = floor(size/h) + 2,
//   x_i = floor((size - (n-2) h)/2) + trunc(h (i - 1/2)),
// so that the first and last lie at or outside the image's edges.
std::vector<int> sky_grid_positions(int size, double box);

// The box of an image of that size: halved once where less than four fit across its shorter side; then, where
// that leaves less than the four nodes on each axis that a cubic needs, lowered until it does not. 0: the
// image is too small for any box of at least `smallest` pixels.
double sky_box(int width, int height, double box, double smallest = 16);

struct SkyGrid {
  std::vector<int> x, y;      // node positions, pixels
  std::vector<float> values;  // row by row as y

  // The nodes' values as the spline's.
  std::vector<double> doubles() const { return {values.begin(), values.end()}; }
};

// Of each node the median of the good pixels within h = floor(box/2) of it, x - h <= column < x + h, cut at
// the image's edges; 0 where no more than `min_fraction` of those pixels are good. `offset` is taken from
// every pixel, in single precision.
SkyGrid sky_grid(ImageView<const float> pixels, ImageView<const std::uint8_t> good, double box, float offset,
                 double min_fraction = 0.25);

// The same of one box.
float box_median(ImageView<const float> pixels, ImageView<const std::uint8_t> good, const Box& box,
                 float offset, double min_fraction = 0.25);

}  // namespace brickline
