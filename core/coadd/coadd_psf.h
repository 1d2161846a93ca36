// The PSF of a band's stack.
#pragma once

#include <span>

#include "core/base/image.h"
#include "core/image/ccd_image.h"

namespace brickline {

// The images' PSFs at their centres, each normalised to sum 1, resampled (Lanczos-3) to pixels of
// `pixel_scale_arcsec` and normalised again, as their mean with weights sig1^-2; sum 1. The stamp is
// odd-sized, its centre the star's; as wide as the widest image's PSF. Empty without images.
Image<float> coadded_psf(std::span<const CcdImage* const> images, double pixel_scale_arcsec);

}  // namespace brickline
