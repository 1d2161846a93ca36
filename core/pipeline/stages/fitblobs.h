// Stage fitblobs: every source of every blob is fitted and gets its model.
#pragma once

#include "core/pipeline/stage.h"

namespace brickline {

struct BlobFitOptions;

// The blobs to be explained are named as blobs are.
void check_fitblobs(const ExplainOptions& explain, RunContext& run);

// Blobs and sources that could not be fitted are failures of the outcome, each with a warning; blobs that were
// bailed out of are not. Cards: how it was fitted. Results are kept in the run's journal as they come.
Outcome<Fits> run_fitblobs(const DetectionChoice& detection, const FitWay& way, const FittingChoice& fitting,
                           const BlobChoice& choice, const MetricsOptions& metrics,
                           const ExplainOptions& explain, const BailOutOptions& bail_out,
                           const Selection& selection, const References& references,
                           const SourcesFound& sources,
                           const EditedImages<OutlierEdits, HaloEdits, SkyEdits>& images, RunContext& run);

// A page about each blob that is to be explained, beside the brick's metrics. They are no products: nobody's
// checksums list them.
void write_explanations(const ExplainOptions& explain, const BlobFitOptions& how, const Selection& selection,
                        const FittedCatalog& fitted, const RunContext& run);

}  // namespace brickline
