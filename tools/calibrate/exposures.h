// The chosen CCDs by exposure, for those who plan runs of `calibrate` (core/campaign/ccd_items.h reads it).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/survey/ccd_table.h"
#include "tools/calibrate/selection.h"

namespace brickline {

// What all runs have in common.
struct FrozenCalibrate {
  std::string configuration;  // the options that choose no CCDs, for --config
  std::map<std::string, std::string> environment;
  bool merge = false;  // files for whole exposures are to come of it
  int threads = 1;     // that were asked for
};

// A line of JSON of that, then one per item:
//
//   {"configuration":"survey-dir=...","environment":{"GAIA_CAT_DIR":"/gaia"},"merge":false,"threads":1}
//   {"name":"12345","words":"--expnum 12345","ra":150.1,"dec":2.2,"ccds":62,"pixels":520093696,"largest":8388608}
//
// An item is the chosen CCDs of an exposure, in the table's order; with `per_item` > 0 at most so many ("12345.1", "12345.2").
// `words` choose them again. ra, dec: their mean place, degrees; pixels: of all, and of the largest one.
std::string exposure_lines(const CcdTable& table, const std::vector<std::int64_t>& rows,
                           const CcdChoice& choice, int per_item, const FrozenCalibrate& frozen);

}  // namespace brickline
