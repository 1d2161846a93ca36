// Filling masked pixels before an interpolation reaches into them.
#pragma once

#include "core/base/image.h"

namespace brickline {

// Gives every pixel of inverse error 0 that lies within `reach` steps (city-block distance) of a good one the
// mean of its good neighbours (of four; only finite values count), round after round from the good pixels
// outward; pixels filled in one round count as good in the next. A pixel that no good value reaches becomes
// 0. Pixels farther away, and good ones, keep their values.
void patch_masked_pixels(Image<float>& image, ImageView<const float> inverse_error, int reach = 3);

}  // namespace brickline
