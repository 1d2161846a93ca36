// Which CCDs of a table are not good enough, by the limits that their cameras' facts (quality) state: sets the
// bits of ccd_cuts (core/survey/bits.h) as the Legacy Surveys' tables have them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/camera/registry.h"
#include "core/fits/table.h"

namespace brickline {

struct CcdCuts {
  std::vector<std::pair<std::string, std::int64_t>> counts;  // rows that each rule cuts, in order of the bits
  std::int64_t cut = 0;                                      // rows that any does
  // Rows that were cut before by rules that are not looked at here (depth_cut, say), and by nothing now; which these are.
  std::int64_t freed = 0;
  std::vector<std::string> freed_of;
};

// What the caller says instead of the cameras' facts.
struct CcdCutOptions {
  // A file of lines "EXPNUM[-CCDNAME] ..."; empty: the cameras' own.
  std::filesystem::path bad_exposures;
  std::optional<double> max_seeing_arcsec, max_photometric_rms_mag, min_exptime_seconds;
  std::vector<std::string> omit;  // rules (their names) that cut nothing
  // Exposures of which a smaller part of the camera's CCDs is good are cut as a whole (too_many_bad_ccds); empty: none
  // is. Negative: as the cameras' facts say (quality.min_good_ccd_fraction). Of cameras whose facts do not say how many
  // CCDs there are none is cut so.
  std::optional<double> good_ccd_fraction;
  // Bits of rules that the caller looks at itself, afterwards.
  std::int64_t looked_at_later = 0;
};

// Replaces the table's column ccd_cuts. Loads the cameras that the rows name. Rules that judge a measurement
// (number of stars, scatter, difference of zero points) look at rows whose zero point was measured: where the
// column zpt_source says that it was not, they have nothing to judge, and where the table lacks their column.
// A row with a reason in the column err_message, for which there is no zero point, has
// err_legacyzpts; one that has no camera, either, is not judged further. Scatters (phrms, ccdrarms, ccddecrms) are compared
// in single precision, which tables have them in: one at its limit is within it. A seeing at its limit is cut; a zero
// point, an exposure time and a sky level at theirs are not.
// Error (kInput): a required column is missing, two rows are one CCD, the file of bad exposures holds something else, or an
// exposure has more CCDs than its camera; (kUsage): a rule that there is not.
CcdCuts cut_ccds(fits::Table& table, CameraRegistry& cameras, const CcdCutOptions& options = {});

}  // namespace brickline
