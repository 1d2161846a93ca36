// Stage galex_forced: fluxes of the catalog's sources on GALEX's fields, where they are asked for (--galex).
#pragma once

#include "core/pipeline/stage.h"

namespace brickline {

void check_galex_forced(const GalexOptions& options, RunContext& run);

// Card: VER_GALE. A brick without fields has zeros.
Outcome<GalexResults> run_galex_forced(const GalexOptions& options, const FitWay& way,
                                       const Selection& selection, const Measurements& measurements,
                                       const RunHeader& header, StageProducts& products, RunContext& run);

}  // namespace brickline
