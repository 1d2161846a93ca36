// The first stage: which brick, which CCDs, which cameras; then the pixels of every CCD that touches the
// brick.
#pragma once

#include "core/base/log.h"
#include "core/base/progress.h"
#include "core/pipeline/brick_options.h"
#include "core/pipeline/brick_state.h"

namespace brickline {

// `geometry` is filled as soon as the brick is known, so that the caller can name it when there turns out to
// be nothing to do (NothingToDo). Cameras are loaded before any pixel is read.
TimsState run_tims(const BrickOptions& options, BrickGeometry& geometry, const Progress& progress,
                   const Log& log);

}  // namespace brickline
