// Checks of level 7: a whole exposure whose pixels are made, from the file to fluxes, and fluxes against what was put in.
//
// The exposure is a copy of a camera's image: its headers, masks and weights; its pixels are sky, stars of known flux and
// the noise that the weights say. Stars are rendered by brute force (the profile is integrated over each pixel), or with
// the PSF that the camera brings; they lie on pixels' centres, so that nothing is asked but what the camera has to do
// with. PSF and sky of the calibrations are the true ones. Files of a camera's own format are read by the camera, and the made
// pixels put in place of what it has read: what its code makes of the file's bytes is not asked.
#pragma once

#include <span>

#include "core/camera/plugin_checks.h"

namespace brickline {

// Those of core/camera and these, by level.
std::span<const CheckSpec> all_checks();

}  // namespace brickline
