// Stage halos: the halos of bright stars are taken off the images, for cameras that know what theirs look
// like.
#pragma once

#include "core/pipeline/stage.h"

namespace brickline {

// A band that has images of such cameras but no magnitudes is a warning.
Outcome<HaloEdits> run_halos(const Selection& selection, const References& references,
                             const EditedImages<OutlierEdits>& images, RunContext& run);

}  // namespace brickline
