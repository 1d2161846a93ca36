// A CCD that a CCD table, or several, name more than once is one CCD.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/fits/table.h"

namespace brickline {

// What of a table's rows is looked at.
struct CcdRowsOfFile {
  std::string file;
  const fits::Table* table = nullptr;                      // completed (ccd_table_columns.h)
  const std::vector<std::int64_t>* row_in_file = nullptr;  // of each row, from 0
};

// Which rows of each table stay, in their order. Two rows are one CCD if camera, exposure and CCD name agree
// (and the image file, where there is no exposure number; and the HDU, where there is no name). It is kept
//   of several files: from the first;
//   of one file: the first row that is not cut (ccd_cuts 0), else the first row.
// A warning tells each file's number of rows left out. Error (kInput), naming both rows: rows of one file
// that are not cut name one CCD but differ in what is measured with, so that nobody can say which is right;
// or they give the same pixels (image file, HDU, CCD name) to two exposures.
std::vector<std::vector<std::int64_t>> rows_without_duplicates(std::span<const CcdRowsOfFile> files,
                                                               const Log& log = {});

// For work that gives every row of `table` a result: Error (kInput), naming the CCD, if `kept`, its rows without
// duplicates, has not all of them.
void require_all_rows(const fits::Table& table, const fits::Table& kept);

}  // namespace brickline
