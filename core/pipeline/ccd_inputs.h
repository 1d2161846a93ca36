// The files that a run needs of each of its CCDs: image, mask, weights, calibrations, side files.
#pragma once

#include "core/fits/table.h"
#include "core/image/read_ccd_image.h"
#include "core/pipeline/run_context.h"
#include "core/pipeline/run_inputs.h"

namespace brickline {

// Appends the files of out.ccds, which are rows of the table, and notes what will be read of each.
void add_ccds(const fits::Table& table, const ReadImageOptions& reading, const InputQuestions& questions,
              const RunContext& run, RunInputs& out);

}  // namespace brickline
