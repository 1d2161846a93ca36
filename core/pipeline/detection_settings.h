// How a run detects: its options and its bands' facts, as the detection room wants them.
#pragma once

#include "core/base/log.h"
#include "core/detect/detection.h"
#include "core/pipeline/artifact.h"
#include "core/pipeline/brick_options.h"

namespace brickline {

DetectionOptions detection_options(const DetectionChoice& options, const Selection& selection,
                                   const Log& log);

}  // namespace brickline
