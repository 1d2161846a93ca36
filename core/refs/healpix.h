// HEALPix pixel numbers (Górski et al. 2005, ApJ 622, 759): the equal-area pixels by which all-sky catalogs
// are cut into files.
#pragma once

#include "core/refs/reference_catalog.h"

namespace brickline {

// The pixel that holds (ra, dec), degrees. nside: a power of two, at most 8192.
int healpix(double ra, double dec, int nside, HealpixScheme scheme);

}  // namespace brickline
