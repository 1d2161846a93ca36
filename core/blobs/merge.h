// The blobs' results put together as one catalog. Private to this room.
#pragma once

#include <vector>

#include "core/blobs/blob_fitter.h"
#include "core/blobs/blob_run.h"

namespace brickline {

// `results`: one per task of the plan. Sources that started inside their blob and ended outside are dropped.
FittedCatalog merge_results(const BlobFitInput& input, const BlobPlan& plan, std::vector<BlobResult> results);

}  // namespace brickline
