// Which CCDs of a table are not good enough, by the limits that their cameras' facts (quality) state: sets the
// bits of ccd_cuts (core/survey/bits.h) as the Legacy Surveys' tables have them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/camera/registry.h"
#include "core/fits/table.h"

namespace brickline {

struct CcdCuts {
  std::vector<std::pair<std::string, std::int64_t>> counts;  // rows that each rule cuts, in order of the bits
  std::int64_t cut = 0;                                      // rows that any does
};

// Replaces the table's column ccd_cuts. Loads the cameras that the rows name. Rules that judge a measurement
// (number of stars, scatter, difference of zero points) look at rows whose zero point was measured: where the
// column zpt_source says that it was not, they have nothing to judge, and where the table lacks their column.
// `bad_exposures`: a file of lines "EXPNUM[-CCDNAME] ..."; empty: the cameras' own. Error (kInput): a required
// column is missing, or that file holds something else.
CcdCuts cut_ccds(fits::Table& table, CameraRegistry& cameras,
                 const std::filesystem::path& bad_exposures = {});

}  // namespace brickline
