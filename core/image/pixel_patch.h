// New values of some pixels of an image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/image.h"

namespace brickline {

struct PixelPatch {
  std::vector<std::int64_t> pixels;  // y * width + x, 0-based, ascending
  std::vector<float> values;         // in the unit of the image
};

inline void apply_patch(const PixelPatch& patch, Image<float>& data) {
  const int width = data.width();
  for (std::size_t k = 0; k < patch.pixels.size(); ++k)
    data(static_cast<int>(patch.pixels[k] % width), static_cast<int>(patch.pixels[k] / width)) =
        patch.values[k];
}

}  // namespace brickline
