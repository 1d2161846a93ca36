// One calibration file for all CCDs of an exposure, made of their single files: fewer files for whoever copies
// or opens them. The layout is the surveys': a row per CCD, arrays padded with zeros to the largest.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/camera/registry.h"
#include "core/survey/calibration.h"

namespace brickline {

// Rows of single files as one table. Arrays of PSFs (psf_mask) and of sky grids (xgrid, ygrid, gridvals) are
// padded with zeros; a sky of one level has a grid of a single zero, and a spline the value 0, as readers of
// either kind expect. Error (kInput) where columns cannot be reconciled.
fits::Table merged_rows(CalibrationKind kind, const std::vector<CalibrationRow>& rows);

// A CCD, and where its calibration is.
struct ToBeMerged {
  CcdValues ccd;
  std::filesystem::path file = {};  // that was found valid, or made; empty: none
  CalibrationChecks checks = {};    // how its versions are compared
};

struct MergeOutcome {
  std::string file;                  // below the calibration directory; empty: nothing was written
  std::vector<std::string> missing;  // CCDs without a valid calibration
};

// Merges the calibrations of one exposure's CCDs (of one image file): of each its single file below the directory, else the
// file that it names, so that a merged file is made anew of its parts as long as they are there. Where one is missing nothing
// is written if `all_found`, else the rest. Error (kInput): the camera has no place for merged files.
MergeOutcome merge_calibrations(CalibrationKind kind, const std::filesystem::path& directory,
                                const CameraFacts& facts, const std::vector<ToBeMerged>& ccds, bool all_found,
                                const Log& log = {});

}  // namespace brickline
