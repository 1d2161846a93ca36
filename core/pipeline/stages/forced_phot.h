// Stage forced_phot: bands that nothing is fitted in (--forced-bands). What the fitted bands have found is measured in
// every exposure of them, and averaged.
#pragma once

#include "core/pipeline/stage.h"

namespace brickline {

// Every exposure of those bands that touches the brick is read (cuts of CCDs apply, limits of time do not), outliers are
// masked, halos and large galaxies that lie outside taken off, and the fluxes of all fitted rows solved on it
// (core/forced), positions and shapes fixed. The catalog's fluxes are the averages over the exposures
// (core/forced/forced_merge.h), with the marginal errors of core/forced/flux_errors.h where sources were fitted together;
// everything else comes from the bands' coadds, whose models have these fluxes. MASKBITS get
// SATUR and ALLMASK of these bands by the rules of the fitted ones (the reference declares these bits and never sets them).
// Products: the measurements (forced-brick), the coadds of each band. Cards: VER_FORC, FBANDS, FBANDn. Nothing without
// bands.
Outcome<ForcedResults> run_forced_phot(const ForcedBandChoice& choice, const SurveyPaths& paths,
                                       const ReadingOptions& reading, const ReleaseOptions& release,
                                       const ReferenceChoice& reference_choice,
                                       const OutlierChoice& outlier_choice, const DetectionChoice& detection,
                                       const StackingOptions& stacking, const FitWay& way,
                                       const Selection& selection, const References& references,
                                       const Fits& fits, const Measurements& measurements,
                                       const RunHeader& header, StageProducts& products, RunContext& run);

}  // namespace brickline
