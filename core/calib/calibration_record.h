// What a run of `calibrate` says that it has done, for those who check it: a list of checksums (core/base/checksum_list.h) of all
// calibrations that are valid or were made, and a remark per CCD that tells of each step, as JSON:
//
//   # {"ccd":"12345-N4","image":"c4d_170904.fits.fz[3]","expnum":12345,"ccdname":"N4","plver":"V4.8","plprocid":"f1","psf":{"state":"made","versions":true,
//      "old_ok":false,"file":"/CALIB/psfex-single/..."},"sky":{"state":"failed","why":"no pixel has weight","retry":false}}
//
// `file` must be valid for that CCD by the rules of its readers (core/survey/calibration.h); `versions` and `old_ok` are
// how its camera and its run have versions compared. A failed step whose program was killed says "killed":true, too. Files of merged calibrations are on the list, too; CCDs that they lack
// are named in a remark {"unmerged":[...]}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/calib/calibrate.h"

namespace brickline {

struct CalibrationRecord {
  struct Step {
    CalibrationState state = CalibrationState::kNotAsked;
    std::filesystem::path file;
    CalibrationChecks checks;
    std::string why;  // it failed
    bool retry = false, killed = false;
  };
  struct Ccd {
    std::string name, image;  // "EXPNUM-CCDNAME"; the file and its HDU
    CalibrationKey key;
    Step psf, sky;
  };
  std::vector<Ccd> ccds;
  std::vector<std::string> unmerged;
};

// `merged`: files of merged calibrations, which were written after the others. Error (kInput) for a file that cannot be
// read.
void write_calibration_record(const std::filesystem::path& list, const Calibrator& calibrator,
                              const std::vector<CcdCalibration>& ccds,
                              const std::vector<std::filesystem::path>& merged,
                              const std::vector<std::string>& unmerged);

// The remarks of such a list. Error (kInput) for one that is none.
CalibrationRecord read_calibration_record(std::string_view text);

// What is wrong with the calibration that a step names, read anew; empty: it is valid.
std::string objection_to(CalibrationKind kind, const CalibrationRecord::Ccd& ccd);

}  // namespace brickline
