// Stage wise_forced: fluxes of the catalog's sources on unWISE's coadds, full-depth and time-resolved; the coadds
// brought together, pictures, apertures, masks. Without coadds (--unwise-dir) there is nothing to do.
#pragma once

#include "core/pipeline/stage.h"
#include "core/wise/wise_photometry.h"

namespace brickline {

// Whether there is to be unWISE photometry, and where its files are.
bool is_wanted(const WiseOptions& options);
WiseFiles files_of(const WiseOptions& options);

// Directories, models of the PSF and the table of tiles are there and can be read.
void check_wise_forced(const WiseOptions& options, RunContext& run);

// Cards: VER_WISE, W_CERES, WISE_GAIA_ONLY. Tiles and epochs that are absent are warnings, and leave zeros.
Outcome<WiseResults> run_wise_forced(const WiseOptions& options, const FitWay& way,
                                     const Selection& selection, const Measurements& measurements,
                                     const RunHeader& header, StageProducts& products, RunContext& run);

}  // namespace brickline
