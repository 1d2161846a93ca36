// Stage srcs: detects sources and cuts the brick into blobs; measures the sky that is left in the coadds.
#pragma once

#include "core/pipeline/stage.h"

namespace brickline {

// Product: the list of what was found.
Outcome<SourcesFound, SkyEdits> run_srcs(const DetectionChoice& choice, const FitWay& way,
                                         const Selection& selection, const References& references,
                                         const EditedImages<OutlierEdits, HaloEdits>& images,
                                         const RunHeader& header, StageProducts& products, RunContext& run);

}  // namespace brickline
