// Search trees of positions, as kd_tree.h reads them and astrometry.net's startree does.
//
// Positions are unit vectors whose components are kept as u = rint((x + 1) 2147483647.5). The nodes are a complete binary
// tree with leaves of at most 25 points or so; each is cut at the median of its widest component.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/fits/fits_writer.h"

namespace brickline {

struct MadeSkyTree {
  std::vector<std::int64_t> order;  // the row that becomes each point: the table's rows go in this order
  std::vector<std::uint32_t> last,
      split;  // of the leaves; of the nodes above them, the dimension in the low bits
  std::vector<std::array<std::uint32_t, 3>> data;  // in tree order
};

// Degrees; of one length. Error (kInput) for positions that are not finite.
MadeSkyTree make_sky_tree(std::span<const double> ra, std::span<const double> dec);

// The tables of the tree, after that of the rows.
void add_sky_tree(fits::FitsWriter& writer, const MadeSkyTree& tree, std::string_view name);

}  // namespace brickline
