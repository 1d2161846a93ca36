// Pictures of what was fitted on each CCD, to be looked at: --plots.
#pragma once

#include <string>
#include <vector>

#include "core/forced/forced_ccd.h"

namespace brickline {

struct ForcedPictureOptions {
  int most_pixels = 1500;         // of a panel's longer side: larger images are averaged over squares
  double black = -3, white = 10;  // sigmas of a pixel of the picture,
  double residual_black = -5, residual_white = 5;  // and of the panel of what is left
};

// BASE-CAMERA-EXPNUM-CCDNAME.jpg of each CCD, grey, north and east as the CCD has them (row 0 below): from the left the
// pixels that were fitted, the sum of all models, and what is left, each in units of the image's noise. Pixels without
// weight are black in the first panel and grey, as if nothing were left, in the third. The pixels must have been kept.
// Returns the files' names.
std::vector<std::string> write_forced_pictures(const std::string& base,
                                               const std::vector<ForcedCcd>& measured,
                                               const ForcedPictureOptions& options = {});

}  // namespace brickline
