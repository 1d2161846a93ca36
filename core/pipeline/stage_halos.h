// The halos of bright stars are taken off the images, for cameras that know what theirs look like.
#pragma once

#include <vector>

#include "core/base/log.h"
#include "core/image/ccd_image.h"
#include "core/refs/halos.h"

namespace brickline {

// Subtracts the halos of the stars of each image's band from its pixels, in place, for images whose camera
// has a halo model (CcdImage::halo). A band that has such images but no magnitudes is a warning. Parallel
// over images; the same for any number of threads.
void run_halos(const HaloStars& stars, std::vector<CcdImage>& images, const Log& log);

}  // namespace brickline
