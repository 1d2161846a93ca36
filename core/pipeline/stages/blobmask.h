// Stage blobmask: where the brick has light, without looking for sources: for the masks of sky calibrations,
// and to tell what a fit will cost.
#pragma once

#include "core/pipeline/stage.h"

namespace brickline {

// Writes the mask, and says (info) max_blob_size, num_blobs and total_pixels, which schedulers look for.
Outcome<BrightPixels> run_blobmask(const DetectionChoice& choice, const Selection& selection,
                                   const EditedImages<OutlierEdits, HaloEdits>& images,
                                   const RunHeader& header, StageProducts& products, RunContext& run);

}  // namespace brickline
