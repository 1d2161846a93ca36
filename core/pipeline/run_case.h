// A case: what a run of one brick needs, and nothing else, in one directory that another machine can run.
//
//   DIR/survey        images, masks, weights, calibrations, tables with the rows that count
//   DIR/cameras       the plugins
//   DIR/references, gaia, dust, unwise-N, unwise-epochs, unwise-psf, unwise-sky, galex, sky-templates    as far as used
//   DIR/run.sh        the run: sh DIR/run.sh --outdir OUT; $RUNBRICK is the program (unset: on the PATH)
//   DIR/case.json     what it was made from
//   DIR/SHA256SUMS    what it was when it was made (core/pipeline/case_sums.h)
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/pipeline/run_inputs.h"

namespace brickline {

struct CaseOptions {
  std::filesystem::path directory;  // must be absent or empty
  bool cut = false;                 // images without what the run does not read (core/fits/cut_file.h)
};

struct PackedCase {
  std::int64_t files = 0, bytes = 0;
  std::vector<std::string> whole;  // files that could not be cut: "NAME: why"
};

// Copies what `inputs` lists, all of which must be ready; then reads every CCD in both places and compares pixels, errors,
// masks and PSFs: a file that does not give the same when cut is copied whole. The directory appears when it is complete.
// Error (kInput): something is not ready or lies where a case has no place for it; (kUsage): the directory is not empty.
PackedCase pack_case(const BrickOptions& options, const RunInputs& inputs, const CaseOptions& how,
                     RunContext& run);

}  // namespace brickline
