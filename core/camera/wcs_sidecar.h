// World coordinates that stand beside the image: the facts wcs.sidecars. Internal to core/camera.
#pragma once

#include "core/camera/open_ccd.h"

namespace brickline {

// The cards of the first of the facts' side files that exists. Error (kInput) that names the files if none does, or
// if the one there is does not tell which of its headers is this CCD's.
fits::Header wcs_of_sidecar(OpenCcd::Impl& ccd);

}  // namespace brickline
