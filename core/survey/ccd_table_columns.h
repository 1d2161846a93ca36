// The columns of a CCD table: those it must have, those that follow from others, those whose absence is told.
#pragma once

#include <string>

#include "core/base/log.h"
#include "core/fits/header.h"
#include "core/fits/table.h"

namespace brickline {

// Error (kInput) naming the file and all columns that are missing, or the one that holds text for numbers,
// numbers for text, or several values per row. Names in any case.
void check_ccd_columns(const fits::Table& table, const std::string& file);

// That no column of the file is gone or hidden: one that this program cannot read, or whose name another bears
// but for the case. Error (kInput) where it is one that is used, else a warning.
void check_no_column_is_lost(const fits::Header& header, const fits::Table& table, const std::string& file,
                             const Log& log);

// A column that stands in the file and cannot be read: Error (kInput) where it is one that is used, else a warning.
void check_columns_can_be_read(const fits::Table& table, const std::string& file, const Log& log);

// A warning for each column whose unit (TUNIT) is not what its numbers are taken as.
void check_ccd_units(const fits::Table& table, const std::string& file, const Log& log);

// Of a table that passed: names in lower case; camera, ccdname and filter without blanks; fwhm and ccdzpt
// made of seeing and zpt where they are absent. Every default that is used is told in one line.
void complete_ccd_columns(fits::Table& table, const std::string& file, const Log& log);

void lower_case_names(fits::Table& table);

}  // namespace brickline
