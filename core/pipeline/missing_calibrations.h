// Calibrations that a run lacks, made before it reads a pixel: by the code of `calibrate`, into the survey's own calib
// directory, where every later run finds them.
#pragma once

#include <string>
#include <vector>

#include "core/calib/calibrate.h"
#include "core/fits/table.h"
#include "core/image/read_ccd_image.h"
#include "core/pipeline/run_context.h"
#include "core/survey/ccd_table.h"

namespace brickline {

// How a run makes them. `run`: its survey and whether it is to end are known.
CalibrateOptions calibrate_options(const BrickOptions& options, const RunContext& run);

// Makes what the CCDs lack, as far as run.calibrations wants it. `rows` are those of `table`, `reading` is how the run is
// about to read them. The result tells of each row what could not be made, and why; empty: all is there. What that is
// worth is for whoever reads the CCD to say: a CCD without a good pixel needs no calibration.
//
// Of files that are looked at here nothing is noted as read: those that are made now are new when the run reads them.
std::vector<std::string> make_missing_calibrations(const std::vector<CcdRow>& rows, const fits::Table& table,
                                                   const ReadImageOptions& reading, RunContext& run);

}  // namespace brickline
