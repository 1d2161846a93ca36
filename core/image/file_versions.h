// Whether an image, mask or weight file comes from the reduction that the CCD table speaks of.
#pragma once

#include <filesystem>

#include "core/base/log.h"
#include "core/facts/camera_facts.h"
#include "core/fits/header.h"
#include "core/survey/calibration.h"

namespace brickline {

// Compares PLVER, PLPROCID and EXPNUM of a file's primary header with the key's; where EXPNUM is absent or
// blank, the number that the camera's facts find instead (checks.expnum_from_obsid). A value that is absent
// or differs is an Error (kInput) naming the file; a warning if old calibrations are accepted, or if the
// key's value was cut short by its column's width.
void check_file_version(const std::filesystem::path& file, const fits::Header& primary,
                        const CalibrationKey& key, const CheckFacts& facts, const CcdValues& ccd,
                        bool old_calibs_ok, Log log = {});

}  // namespace brickline
