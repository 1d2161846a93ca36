// What an image's noise per pixel becomes for a small galaxy.
#pragma once

#include "core/base/image.h"
#include "core/wcs/wcs.h"

namespace brickline {

// point_source_norm() (core/psf/stamp.h) of a round exponential galaxy (exponential_mixture()) of half-light
// radius `re_arcsec` seen through the stamp, centred on a pixel and cut to 65 x 65 pixels. `cd`: degrees per
// pixel. NaN when the stamp has pixels that are not finite or cd is singular.
double galaxy_norm(const Image<float>& stamp, const CdMatrix& cd, double re_arcsec = 0.45);

}  // namespace brickline
