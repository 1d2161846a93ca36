// The CCDs that a survey's bricks were made from: the union of the bricks' own tables, each CCD once.
//
// Columns are those of the bricks' tables but for what is of one brick (extents in CCD and brick, psfnorm, galnorm, co_sky),
// then nbricks J, how many bricks it is in, and first_brick 8A, the one of the lowest number among those of the first
// directory (AAA). Rows ascend by camera, expnum and ccdname. Constant memory: parts by directory, then merged.
//
// Bricks that have the same CCD with another zero point, image or calibration were made from two surveys: each such CCD is
// a line of the report.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.h"
#include "core/release/brick_products.h"
#include "core/release/parts.h"
#include "core/release/row_merge.h"
#include "core/release/row_table.h"

namespace brickline {

struct CcdsUsedOptions {
  bool verify = true;
  Cancel cancel;
};

// The columns that the bricks' tables have together, and the two more; texts as wide as the widest, whole numbers and floating
// point as long as the longest. Error (kInput): a table that is missing or cannot be read, lacks camera, expnum or ccdname,
// or has a column of another type than others (both bricks are named).
std::vector<RowColumn> ccds_columns(std::span<const BrickOutput> bricks, const CcdsUsedOptions& options);

// What differs (of a number that one table has in single and another in double precision: beyond single precision), a line for
// each CCD and column: "900303 N4 (CAMERA): ccdzpt is 25.1 in brick 1501p022, 25.2 in 1504p022".
using CcdConflicts = std::vector<std::string>;

void make_ccds_part(const BrickGroup& group, const std::vector<RowColumn>& columns,
                    const std::filesystem::path& out, const CcdsUsedOptions& options,
                    CcdConflicts& conflicts);
// The whole table, finished and to be put in place if there are no conflicts. Parts may have unlike columns, as bricks may.
RowTableWriter merge_ccds(std::span<const std::filesystem::path> parts, const std::filesystem::path& out,
                          const CcdsUsedOptions& options, CcdConflicts& conflicts);

// Tables that are sorted by camera, expnum and ccdname, merged: what all of them have together, and how a row of each becomes
// one of that. Error (kInput): columns that cannot be put together (both tables are named).
struct JoinedColumns {
  std::vector<RowColumn> columns;
  std::vector<RowConversion> conversions;
};
JoinedColumns join_columns(std::span<const std::filesystem::path> tables);

}  // namespace brickline
