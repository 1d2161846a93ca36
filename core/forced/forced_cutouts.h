// Cut-outs of the pixels around measured positions: what was seen, what was fitted, what is left.
#pragma once

#include <filesystem>
#include <vector>

#include "core/fits/header.h"
#include "core/forced/forced_ccd.h"

namespace brickline {

inline constexpr std::int64_t kMostCutouts = 20000;  // of one file

// One HDU per row and CCD, OBJID-CAMERA-EXPNUM-CCDNAME, a cube of four planes: the image (nanomaggies per pixel,
// everything that was not fitted taken off), the sum of all models, the image less that, the inverse variance. With the
// part's projection, who it is, where it was measured (RA, DEC; POSX, POSY: its place in the planes, from 0), FLUX and
// FLUXIVAR. `half_size`: pixels to either side of the nearest; at the CCD's edges less. Rows that are off the image
// have none. The pixels must have been kept. Error (kInput) if there are more than kMostCutouts.
void write_forced_cutouts(const std::filesystem::path& file, const fits::Header& header,
                          const std::vector<ForcedCcd>& measured, int half_size);

}  // namespace brickline
