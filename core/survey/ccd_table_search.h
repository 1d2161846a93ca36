// The rows of one CCD table file that lie near a position, without reading the others whole.
//
// A file with a search tree (kd_tree.h): its tree is searched and those rows are read. Any other: all rows go
// by in blocks, of which only the positions are looked at; rows that are near are kept. Either way gives the
// same rows; only their order differs: as the tree is walked, or as in the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/base/log.h"
#include "core/base/read_log.h"
#include "core/fits/table.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct RowsNear {
  fits::Table table;                      // the near rows, all columns
  std::vector<std::int64_t> row_in_file;  // of each, from 0
  std::int64_t rows_in_file = 0;
  bool by_tree = false;
};

// CCDs whose outlines may reach into the circle of `radius` degrees about `centre`, and rows near it that are
// unusable, which whoever wants them must judge. Rows that are unusable, not cut and not known to be near are
// left out with one warning that counts them. A tree that cannot be used, or that is not of these rows, costs
// a warning and the time to go through the file.
//
// A tree finds CCDs up to 1 degree from corner to middle, or half as large again as the largest of a sample
// of the table's rows. Error (kInput): the file cannot be read, holds no table, or lacks columns.
RowsNear read_rows_near(const std::filesystem::path& file, const SkyPosition& centre, double radius,
                        const Log& log = {}, ReadLog* read_log = nullptr);

}  // namespace brickline
