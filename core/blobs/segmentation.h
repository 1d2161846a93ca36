// One owner for every pixel of a blob, so that a neighbour's light does not weigh on the choice of a source's
// model.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/image.h"

namespace brickline {

struct Seed {
  int id = 0;        // what the pixels it owns are labelled with, >= 0
  int x = 0, y = 0;  // in the image
  double reach = 0;  // owns nothing farther away than this by flooding, pixels; 0: no limit
};

// Owners by flooding: from the seeds, the highest pixels first, over the pixels where `inside` is not 0. Each
// pixel goes to the source that reaches it first; ties go to the smaller id, then x, then y. Seeds on the
// same pixel: the last one holds it. -1 where nobody comes.
Image<std::int32_t> flood_segments(ImageView<const float> height, ImageView<const std::uint8_t> inside,
                                   std::span<const Seed> seeds);

// Each seed, in order, takes the pixels within `radius` (distance rounded to the nearest integer) that no
// earlier seed was as near to, whoever owns them and whether or not they are inside.
void claim_kingdoms(Image<std::int32_t>& owners, std::span<const Seed> seeds, double radius);

}  // namespace brickline
