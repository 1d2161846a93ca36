// Where all CCDs of a table lie, for those who ask of many targets which CCDs touch them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/survey/ccd_table.h"
#include "core/survey/ccd_table_geometry.h"
#include "core/wcs/wcs.h"

namespace brickline {

class CcdPlaces {
 public:
  // The table must outlive it.
  explicit CcdPlaces(const CcdTable& ccds);
  // As ccds_touching (ccd_selection.h). May be called from many threads.
  std::vector<std::int64_t> touching(const Wcs& target) const;

 private:
  const CcdTable& ccds_;
  std::vector<CcdGeometry> places_;   // of every row
  std::vector<std::int64_t> usable_;  // rows, by declination
  double reach_degrees_ = 0;  // from the middle of any by its columns to the farthest that it may touch
};

}  // namespace brickline
