// Which CCDs a run looks at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/survey/ccd_table.h"
#include "core/wcs/wcs.h"

namespace brickline {

// The largest half-diagonal of any CCD of the table, degrees; 0 for an empty table.
double largest_ccd_radius(const CcdTable& ccds);

// Rows, in table order, of CCDs near the target: |delta Dec| and distance of the centres below the sum of the
// radii.
std::vector<std::int64_t> ccds_near(const CcdTable& ccds, const Wcs& target);

// Rows, in table order, of CCDs whose outline (by the table's linear WCS) overlaps the target's.
std::vector<std::int64_t> ccds_touching(const CcdTable& ccds, const Wcs& target);

struct CcdSelectionOptions {
  std::vector<std::string> bands{"g", "r", "z"};  // compared exactly
  std::optional<double> min_mjd, max_mjd;         // inclusive; of the table's mjd_obs
};

struct CcdSelection {
  std::vector<CcdRow> ccds;  // in table order
  // Why there is nothing to do, when there are none.
  std::string nothing;
};

// The CCDs to work on: those touching the target, without cuts (ccd_cuts 0), of the bands, of the dates.
// Their rows are complete: an Error (kInput) names file and row of one whose zero point, seeing, exposure
// time, size or WCS is not a usable number, or whose names are empty.
CcdSelection select_ccds(const CcdTable& ccds, const Wcs& target, const CcdSelectionOptions& options = {},
                         const Log& log = {});

// The bands of `wanted` that any of the CCDs was taken in, in the order wanted.
std::vector<std::string> bands_present(const std::vector<std::string>& wanted,
                                       const std::vector<CcdRow>& ccds);

}  // namespace brickline
