// What `calibrate` did, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "core/calib/calibrate.h"

namespace brickline {

// A line per CCD that something was done or failed for, and the totals.
std::string report_for_people(const std::vector<CcdCalibration>& ccds);
// All of them, as an Enhanced Character-Separated Values table (astropy's APE 6).
std::string report_as_ecsv(const std::vector<CcdCalibration>& ccds);
// A line per CCD and step that is missing, with the reason.
std::string plan_for_people(const std::vector<CcdCalibration>& ccds);
// CPU seconds of the steps: mean per CCD, and the dearest.
std::string cost_for_people(const std::vector<CcdCalibration>& ccds);

}  // namespace brickline
