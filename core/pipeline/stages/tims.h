// Stage tims: which brick, which CCDs, which cameras; then the pixels of every CCD that touches the brick.
#pragma once

#include "core/pipeline/stage.h"

namespace brickline {

// The position or the brick's name can be read, the survey directory has tables of bricks and CCDs.
void check_tims(const RegionOptions& region, const SurveyPaths& paths, RunContext& run);

// Cards: what the run is, where, from what. Cameras are loaded before any pixel is read: Error (kPlugin)
// names those that are missing. CCDs that cannot be read are all told, each in a warning, before the Error
// with their number.
Outcome<Selection, RawImages> run_tims(const RegionOptions& region, const SurveyPaths& paths,
                                       const ReadingOptions& reading, const ReleaseOptions& release,
                                       RunContext& run);

// The pixels once more.
RawImages read_images_again(const Selection& selection, const SurveyPaths& paths,
                            const ReadingOptions& reading, RunContext& run);

}  // namespace brickline
