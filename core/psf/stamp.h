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

// What a star looks like by a stamp's pixels, whatever was said of them.
struct StampShape {
  // Full width at half maximum of the Gaussian that has the stamp's norm, 2 sqrt(ln 2 / (2 pi)) / norm at a sum of 1.
  // Wings widen it: that of a Moffat profile of exponent 3 is 1.2 times its own width.
  double fwhm_pixels = 0;
  double x_offset = 0, y_offset = 0;  // pixels from the centre pixel to the centre of the light around it
};
// The offsets are of the pixels within `radius` of the centre in x and in y. NaN of a stamp without light.
StampShape stamp_shape(const Image<float>& stamp, int radius);

}  // namespace brickline
