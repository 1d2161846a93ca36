// Maps of a survey on HEALPix cells, and its coverage (MOC), from the maps of its bricks.
//
// Every unique pixel of a brick counts in the cell that holds its centre, with the area of a pixel. The table (one file,
// partial sky, nested, as healpy and others read it) has a row per cell that a brick's unique area touches:
//   PIXEL K
//   FRAC E                 unique area of bricks in the cell / area of the cell
//   and per band, covered pixels being those with exposures:
//   FRAC_b E               covered area / area of the cell
//   NEXP_b E               exposures, mean over covered pixels
//   PSFDEPTH_b, GALDEPTH_b E   inverse variance of a point source's, a galaxy's flux, mean over covered pixels
//   PSFMAG_b, GALMAG_b E   22.5 - 2.5 log10(5/sqrt(.)) of them: 5 sigma, mag
//   PSFSIZE_b E            FWHM, arcsec, mean over covered pixels
//   and per bit of MASKBITS:
//   FRAC_<BIT> E           area with the bit / area of the cell
// A value that there is none of is -1.6375E+30.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.h"
#include "core/release/brick_products.h"
#include "core/release/moc.h"
#include "core/release/parts.h"

namespace brickline {

struct SkyMapsOptions {
  int order = 8;       // of the cells: nside = 2^order
  int moc_order = 13;  // of the coverage
  std::vector<std::string> bands;
  bool verify = true;
  Cancel cancel;
  std::string words() const;
};

// Sums over a group of bricks: table SUMS by cell, and MOC, MOC_<band>: cells that hold the centre of a covered pixel.
// Error (kInput) naming the file: it is missing beside the band's map of exposures, is not what the list of checksums says,
// or holds a value that cannot be.
void make_maps_part(const BrickGroup& group, const std::filesystem::path& out, const SkyMapsOptions& options);

// Parts put together: <out>/survey-maps.fits, <out>/moc.fits (any band), <out>/moc-<band>.fits.
Counts merge_maps(std::span<const std::filesystem::path> parts, const std::filesystem::path& out,
                  const SkyMapsOptions& options);

}  // namespace brickline
