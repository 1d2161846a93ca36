// The catalog in the forms that other programs read.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/fits/table.h"

namespace brickline {

// A table as ECSV (Enhanced Character-Separated Values 1.0, as astropy writes and reads it): types, units and
// descriptions in the heading, blanks between values. A column of several values per row is an array in JSON.
// Numbers have the digits that make them read back as they were. `meta`: names and texts that hold for the whole table.
using TableMeta = std::vector<std::pair<std::string, std::string>>;
std::string ecsv_text(const fits::Table& table, const TableMeta& meta = {});

struct RegionOptions {
  bool primary_only = false;     // rows with brick_primary alone
  double smallest_arcsec = 0.1;  // radii of galaxies are drawn at least so large
  std::string color_psf = "green", color_rex = "cyan", color_exp = "blue", color_dev = "red",
              color_ser = "magenta", color_comp = "orange", color_other = "yellow";
};
// A catalog as a ds9 region file: point sources as crosses, round galaxies as circles of their half-light
// radius, other galaxies as ellipses of theirs (of COMP its disk's; major axis at the position angle, east of north), rows that
// were not fitted as diamonds; a colour and a tag per type, the object's number as text.
// Columns: ra, dec, type, objid, shape_r, shape_e1, shape_e2. Error (kInput) if one is missing, or a position is none.
std::string ds9_regions(const fits::Table& catalog, const RegionOptions& options = {});

}  // namespace brickline
