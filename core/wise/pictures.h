// Colour pictures of WISE's and GALEX's coadds, as the Legacy Surveys draw them.
#pragma once

#include "core/base/image.h"
#include "core/coadd/rgb.h"

namespace brickline {

// W2 is red, W1 blue, between them green; an asinh stretch of their mean. Vega nanomaggies per pixel.
RgbPlanes wise_picture(ImageView<const float> w1, ImageView<const float> w2);

// NUV is red and FUV blue, green of both. AB nanomaggies per pixel.
RgbPlanes galex_picture(ImageView<const float> nuv, ImageView<const float> fuv);

}  // namespace brickline
