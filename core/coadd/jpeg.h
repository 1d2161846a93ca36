// JPEG files of pictures of the sky.
#pragma once

#include <string>

#include "core/base/image.h"
#include "core/coadd/rgb.h"
#include "core/picture/jpeg_codec.h"

namespace brickline {

// The planes' row 0 becomes the bottom row of the picture; a value v in [0, 1] the byte trunc(255 v).
std::string encode_jpeg(const RgbPlanes& picture, const JpegOptions& options = {});
// Stretched linearly so that the least value becomes the byte 0, the greatest 255, over 256 equal steps.
Image<float> stretch_grey(ImageView<const float> picture);
// A picture of one component, already stretched.
std::string encode_grey_jpeg(ImageView<const float> picture, const JpegOptions& options = {});

}  // namespace brickline
