// What both tables of calibrations, PSF and sky, say of the image that they were made of, so that readers can
// tell whether they are of the same reduction (core/survey/calibration.h).
#pragma once

#include <string_view>

#include "core/fits/table.h"
#include "core/image/ccd_image.h"

namespace brickline {

// Adds expnum, ccdname, legpipev (this software), plver, plprocid, procdate and imgdsum (DATASUM of the image)
// to a table of one row; `unknown` stands for a plprocid or procdate that the headers do not have.
void add_identity(fits::Table& table, const CcdImage& image, std::string_view unknown);

}  // namespace brickline
