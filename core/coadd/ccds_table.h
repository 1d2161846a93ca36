// The brick's own table of CCDs: the survey's rows that gave an image, with what the run found out about
// them.
#pragma once

#include <span>
#include <vector>

#include "core/fits/table.h"
#include "core/image/ccd_image.h"
#include "core/wcs/wcs.h"

namespace brickline {

// `survey_rows`: the survey's table, from which each image takes its row (CcdImage::ccd_row). Adds ccd_x0..
// (the extent in the CCD, ends exclusive), brick_x0.. (floor and ceiling of the projected corners, 1-based
// pixels), psfnorm, galnorm, propid, plver, versions of the calibrations, and co_sky, the sky level
// subtracted from each image (`coadd_sky`: one per image, or empty for zeros).
fits::Table brick_ccds_table(const fits::Table& survey_rows, std::span<const CcdImage> images,
                             const Wcs& target, std::span<const float> coadd_sky = {});

}  // namespace brickline
