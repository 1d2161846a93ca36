// Which items a plan has: bricks of a region, or of a list.
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/campaign/manifest.h"
#include "core/survey/bricks.h"

namespace brickline {

// The bricks of the table whose unique area touches a box, RA_LO RA_HI DEC_LO DEC_HI in degrees; RA_HI < RA_LO: it
// holds RA 0.
std::vector<Item> items_of_region(const BrickTable& bricks, const std::array<double, 4>& box);

// A list, either a FITS table with a column `brickname` (and, if it has one, `words`), or a text with a line per item:
//
//   1501p022                                          # a brick
//   1501p025 --zoom 0 600 0 600                       # with options of its own
//   --radec 150.1 2.2 --width 500 --height 500        # a brick of one's own
//
// Names and places are filled in; `bricks` may be null where every line says its place. Error (kInput), with file and
// line, for bricks that there are not, words that are no options, and items that are there twice.
std::vector<Item> items_of_list(const std::filesystem::path& file, const BrickTable* bricks);

// Whether a list names bricks of the survey's table.
bool list_needs_bricks(const std::filesystem::path& file);

}  // namespace brickline
