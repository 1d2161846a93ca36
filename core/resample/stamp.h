// Stamps (of PSFs) on finer or coarser pixels.
#pragma once

#include "core/base/image.h"

namespace brickline {

// The stamp at the centres of width x height pixels, `step` of its own pixels apart; the centre pixel
// (width/2, height/2) lies on the stamp's centre pixel. Lanczos-3 (core/resample/lanczos.h); beyond the stamp
// its edge pixels are repeated. Values are interpolated, not summed: the sum changes by 1/step^2.
Image<float> resample_stamp(ImageView<const float> stamp, int width, int height, double step);

}  // namespace brickline
