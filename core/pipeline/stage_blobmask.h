// Where the brick has light, without looking for sources: for the masks of sky calibrations, and to tell what
// a fit will cost.
#pragma once

#include "core/base/log.h"
#include "core/base/product_set.h"
#include "core/detect/blob_mask.h"
#include "core/pipeline/brick_options.h"
#include "core/pipeline/brick_state.h"

namespace brickline {

// Writes the mask, and says (info) max_blob_size, num_blobs and total_pixels, which schedulers look for.
// Returns the mask and the figures.
BlobMask run_blobmask(const BrickOptions& options, const TimsState& tims, ProductSet& products,
                      const Log& log);

}  // namespace brickline
