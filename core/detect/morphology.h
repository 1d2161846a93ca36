// Masks of pixels grown, filled and labelled. Neighbours are the four that share an edge; pixels outside an
// image count as 0. Any value other than 0 is set.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/image.h"

namespace brickline {

// Sets to 1 every pixel within city-block distance n of a set one, and all others to 0: n dilations with the
// 4-connected cross, in two passes for any n.
Image<std::uint8_t> dilate(ImageView<const std::uint8_t> mask, int n);

// Sets every unset pixel that is not 4-connected to the border through unset pixels.
Image<std::uint8_t> fill_holes(ImageView<const std::uint8_t> mask);

struct Components {
  Image<std::int32_t> labels;  // 0: unset; components 1, 2, ... in raster order of their first pixels
  std::vector<Box> boxes;      // of component i + 1, tight
  std::vector<std::int64_t> pixels;
  int count() const { return static_cast<int>(boxes.size()); }
};
Components label_components(ImageView<const std::uint8_t> mask);

// The greatest of a pixel and its four neighbours.
Image<float> grey_dilate(ImageView<const float> image);

}  // namespace brickline
