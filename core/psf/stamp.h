// What is done to PSF stamps as plain pictures.
#pragma once

#include "core/base/image.h"

namespace brickline {

// The pixels within `radius` of the centre pixel (width/2, height/2) in x and in y; all of them where the
// stamp ends earlier. Used for sources whose model is drawn on few pixels only.
Image<float> crop_stamp(const Image<float>& stamp, int radius);

double pixel_sum(const Image<float>& stamp);
// Divides by the sum, if that is not 0.
void scale_to_unit_sum(Image<float>& stamp);

// sqrt(sum of squares): what an image's noise per pixel becomes for a point source centred on a pixel.
double point_source_norm(const Image<float>& stamp);

}  // namespace brickline
