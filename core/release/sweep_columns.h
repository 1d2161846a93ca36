// Which columns stand in the three files of a sweep, and in which order.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/release/row_table.h"

namespace brickline {

enum class SweepLayout {
  kReference,  // that of Legacy Surveys DR11: no long id, and ngood in the extra file
  kWithIds,    // the same with the catalog's 64-bit id in each file and ngood in the main one
};

struct SweepColumns {
  std::vector<RowColumn> main, light_curves, extra;  // names in upper case
};

// Of catalogs that have, together, these columns (each once, in the order in which they are to follow in the extra file).
SweepColumns sweep_columns(std::span<const RowColumn> all, SweepLayout layout);

// The optical bands of which there is a column flux_BAND: u g r i z y where they are there, then others in the columns'
// order.
std::vector<std::string> bands_of_columns(std::span<const RowColumn> all);

}  // namespace brickline
