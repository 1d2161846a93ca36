// The outlines of areas of pixels, as closed paths along the pixels' edges.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/image.h"

namespace brickline {

// A closed path between pixels: a corner, then moves along x and along y in turn, beginning with x; the last move,
// along y, closes it. Corner (x, y) is the lower left one of pixel (x, y). What is inside lies on the left: paths
// around holes run the other way.
struct OutlinePath {
  int x = 0, y = 0;
  std::vector<int> moves;  // without the last one
};

struct Outline {
  std::int32_t label = 0;
  std::vector<OutlinePath> paths;
};

// The areas of each label that is not negative, in ascending order of labels; pixels that touch only at a corner
// are apart. With `step` above 1, of the picture that every step-th pixel makes: paths are shorter, and coarse.
std::vector<Outline> trace_outlines(ImageView<const std::int32_t> labels, int step = 1);

// The number of corners of all paths.
std::int64_t corners_of(const std::vector<Outline>& outlines);

// The finest outlines that have at most `most_corners`, with steps of 1, 2, 4 ... pixels up to 16.
std::vector<Outline> outlines_within(ImageView<const std::int32_t> labels, std::int64_t most_corners);

}  // namespace brickline
