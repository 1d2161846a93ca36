// Stage writecat: MASKBITS, the catalog and the list of checksums.
#pragma once

#include "core/pipeline/stage.h"

namespace brickline {

// The dust maps, if any are named, can be read.
void check_writecat(const DustOptions& dust, RunContext& run);

Outcome<> run_writecat(const ReleaseOptions& release, const DustOptions& dust, const FitWay& way,
                       const FittingChoice& fitting, const Selection& selection, const References& references,
                       const SkyEdits& sky, const Measurements& measurements, const WiseResults& wise,
                       const GalexResults& galex, const ForcedResults& forced, const RunHeader& header,
                       StageProducts& products, RunContext& run);

}  // namespace brickline
