// Joining tables that do not have quite the same columns.
#pragma once

#include <string>
#include <vector>

#include "core/fits/table.h"

namespace brickline {

struct NamedTable {
  std::string name;  // for errors: the file it came from
  fits::Table table;
};

// The rows of all tables one after another. Columns: the first table's in their order, then those that later
// tables bring, in order of first appearance (compared without case). A table without a column contributes
// zeros, empty strings or false, in the shape of the first table that has it. Numbers of different types are
// promoted to the smallest type that holds both (a 16-bit integer and a float become float; larger integers
// and a float, double); strings widen. Blank numbers (TNULL) stay blank. A column that cannot be read in one of
// the tables cannot be read in the whole. Error (kInput) naming the tables where types or shapes cannot be
// reconciled.
fits::Table concatenate_tables(const std::vector<NamedTable>& tables);

}  // namespace brickline
