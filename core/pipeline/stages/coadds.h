// Stage coadds: coadds with models, and the catalog's measurements on them.
#pragma once

#include "core/pipeline/stage.h"

namespace brickline {

Outcome<Measurements> run_coadds(const MetricsOptions& metrics, const StackingOptions& stacking,
                                 const FitWay& way, const PictureOptions& pictures,
                                 const Selection& selection, const References& references,
                                 const SourcesFound& sources, const SkyEdits& sky, const Fits& fits,
                                 const EditedImages<OutlierEdits, HaloEdits, SkyEdits>& images,
                                 const RunHeader& header, StageProducts& products, RunContext& run);

}  // namespace brickline
