// Whether the HDUs that are read are those of the CCD that the table names: by their names and their shapes.
// Internal to core/camera.
#pragma once

#include "core/camera/open_ccd.h"

namespace brickline {

// The HDU of the CCD in a file where HDU number `hdu` is expected. The CCD's name there (the fact
// metadata.ccdname, by default the card EXTNAME) is compared without case with the table's: where it is
// another's, the one HDU that bears the table's name is taken instead, with a warning; if there is none, that
// is an Error (kInput) that names both, or a warning, as the fact checks.extname says ("off": no look at
// names). HDUs without a name, or with one that says what they hold (SCI, MASK, ...) and
// not whose they are, are taken as they come.
int hdu_by_name(OpenCcd::Impl& ccd, int role, int hdu);

// Error (kInput) that names both sizes: an image of another size than the table's width x height; a mask or
// weight of another size than the image. A weight may be larger as the camera's facts say.
void check_shape(OpenCcd::Impl& ccd, int role);

}  // namespace brickline
