// What is done to PSF stamps as plain pictures.
#pragma once

#include "core/base/image.h"

namespace brickline {

// The pixels within `radius` of the centre pixel (width/2, height/2) in x and in y; all of them where the
// stamp ends earlier. Used for sources whose model is drawn on few pixels only.
Image<float> crop_stamp(const Image<float>& stamp, int radius);

}  // namespace brickline
