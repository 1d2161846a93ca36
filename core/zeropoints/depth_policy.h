// Which exposures of a table are deep enough to be kept: of each pointing and filter only the deepest, by a survey's own
// rules. A policy is a JSON file:
//   {"note": "...",
//    "steps": [
//      {"select": {"object": "^[0-9]+$", "propid": "^2014B-0404$"},   rows that may be kept at all, by columns
//       "group": "object",           pointings: rows of the same text in that column, or "tile" (below)
//       "keep": 3},                  exposures of each pointing and filter
//      {"only": {"object": "DELVE|PALS"},   rows that this step looks at; others stay as they are
//       "lower": {"match": "^(.*-)(\\d\\d)(-\\w+)$", "to": "05"},   of the group's text the second part, if it is above "to"
//       "group": "object", "keep": 2}],
//    "tile_radius_degrees": 0.05}
// Patterns are RE2's, and are looked for anywhere in the text, whatever its case. A step looks at the exposures that those
// before it have kept. "tile": the tile whose centre is nearest to the boresight, within the radius; without one a row is
// not kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/fits/table.h"

namespace brickline {

// Error (kInput), naming the file: unknown keys, values of other types, patterns that are none.
class DepthPolicy {
 public:
  static DepthPolicy read(const std::filesystem::path& file);
  bool needs_tiles() const;

  struct Step {
    std::vector<std::pair<std::string, std::string>> select, only;  // column, pattern
    std::string group, lower_match, lower_to;
    int keep = 1;
  };
  std::vector<Step> steps;
  double tile_radius_degrees = 0.05;
};

// Sets depth_cut of ccd_cuts for all rows that are not kept. An exposure is an image file; its depth the median of `depth`
// (mag) over those of its CCDs that nothing else cuts; only these compete, and rows that are cut already get the bit, too. Of
// equal depths the later file names win. `tiles`: columns tileid, ra, dec; may be empty. Returns how many rows nothing else
// had cut.
std::int64_t cut_by_depth(fits::Table& table, const std::vector<double>& depth, const DepthPolicy& policy,
                          const fits::Table& tiles);

// Objects' names of images (columns filename and object, quotes around it are dropped) for rows that have none. Error
// (kInput) if an image is not in the list.
void fill_objects(fits::Table& table, const fits::Table& list);

// A column of another table with a row for the same image_filename and image_hdu, in the same order. Error (kInput) where
// the rows are not the same.
std::vector<double> matched_column(const fits::Table& table, const fits::Table& other,
                                   const std::string& column);

}  // namespace brickline
