// Calibrations made beforehand (PSF models, sky models): where they are, which row is a CCD's, and whether
// they come from the same reduction as its image.
//
// A calibration is a row of a FITS table. "Single" files hold one CCD, "merged" ones all CCDs of an exposure;
// the oldest layout of merged files is still looked at last.
//
// The rule of the search, for PSFs and skies alike: single, merged, oldest; the first file that has exactly one
// row of the CCD, of the image's own reduction, is it. Files of another reduction are passed over, with a
// warning that names them; only where there is none but such, and old calibrations are accepted, is the first
// of them taken. (The reference pipeline looks at merged PSFs first and stops at the first file, whatever it
// holds: a stale file there blocks a good one.)
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/read_log.h"
#include "core/facts/camera_facts.h"
#include "core/fits/table.h"

namespace brickline {

enum class CalibrationKind { kPsf, kSky };

// Names below a calibration directory. With D the directory of the image's name, B its base name and C the CCD's
// name:
//   psfex-single/D/B/B-C-psfex.fits, psfex/D/B-psfex.fits, D/B-psfex.fits
//   sky-single/D/B/B-C-splinesky.fits, sky/D/B-splinesky.fits, D/B-splinesky.fits
// A camera's facts may replace the first two (files.calibration: "psf", "psf_merged", "sky", "sky_merged";
// null: not looked at). The oldest layout is looked at only where the facts say nothing of the merged file.
// Empty: not looked at.
struct CalibrationNames {
  std::string single, merged, oldest;
};
CalibrationNames calibration_names(CalibrationKind kind, const FileFacts& files, const CcdValues& ccd);
// Those that are looked at, in order.
std::vector<std::string> calibration_paths(CalibrationKind kind, const FileFacts& files,
                                           const CcdValues& ccd);

// "B-C", or "B" where the CCD has no name: how one CCD's image is called in file names and messages.
std::string ccd_image_name(const FileFacts& files, const CcdValues& ccd);

// The reduction of an image. An empty text, or a negative number, is not compared.
struct CalibrationKey {
  std::int64_t expnum = -1;
  std::string ccdname, plver, plprocid;

  static CalibrationKey of(const CcdValues& ccd);
};

struct CalibrationChecks {
  bool versions = true;         // compare plver, plprocid
  bool old_calibs_ok = false;   // where all differ, or lack the column, that is a warning
  ReadLog* read_log = nullptr;  // notes the files that are read; may be null
};

struct CalibrationRow {
  std::filesystem::path file;
  fits::Table table;
  std::int64_t row = 0;
  // Text of the row, empty where there is no such column.
  std::string text(std::string_view column) const;
};

// That of `candidates`, in their order, which the rule above finds. Empty if none of them has such a row. Error
// (kInput), naming the first file that has one, if none is of the same reduction; a value of the key that was
// cut short by its column's width counts as the same, with a warning.
std::optional<CalibrationRow> find_calibration(std::span<const std::filesystem::path> candidates,
                                               const CalibrationKey& key, const CalibrationChecks& checks,
                                               Log log = {});

// The Error (kInput) for a calibration ("PSF", "sky") that none of `candidates` holds.
Error no_calibration(std::string_view what, std::span<const std::filesystem::path> candidates,
                     const CalibrationKey& key);

// One value of a file against the key's: whether it is the same, was cut short, or differs.
enum class VersionMatch { kSame, kTruncated, kDifferent };
VersionMatch compare_version(std::string_view in_file, std::string_view wanted);

}  // namespace brickline
