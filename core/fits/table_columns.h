// The columns of a FITS table: what each holds and how its values are read. Private to this room.
//
// | in the file                          | in memory                                                    |
// |--------------------------------------|--------------------------------------------------------------|
// | L, X                                 | bool                                                         |
// | B, I, J, K and their unsigned and    | the smallest signed integer that holds all (uint8 for B);    |
// | signed twins (TZERO)                 | unsigned 64-bit numbers beyond 2^63 - 1 make it unreadable   |
// | the same with any other TSCAL, TZERO | double, NaN where TNULL                                      |
// | E, D                                 | float, double                                                |
// | C, M                                 | float, double, with a first axis of 2: real, imaginary part  |
// | A                                    | string; NULs end it, trailing blanks go                      |
// | P, Q of any of these                 | padded to the longest row (table.h)                          |
#pragma once

#include <fitsio.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/fits/card_index.h"
#include "core/fits/table.h"

namespace brickline::fits {

// Where one column's values are and what they become.
struct ColumnPlan {
  int number = 0;       // CFITSIO's, from 1
  int type = 0;         // CFITSIO's code of the values as they are read
  LONGLONG repeat = 1;  // values of a row as CFITSIO counts them; of variable length: of the longest row
  long width = 1;       // of strings: characters
  bool is_bits = false, is_complex = false, is_variable = false, has_blanks = false;
  std::string why_not;  // the reason if it cannot be read
};

// Name, unit, description, shape and type of column `number`, with room for `rows` values; the reason, if it
// cannot be read, is in the plan. `chosen`: the rows that are wanted, or all (null), of which variable
// lengths are looked up.
ColumnPlan plan_column(fitsfile* file, const CardIndex& cards, int number, LONGLONG rows,
                       const std::vector<std::int64_t>* chosen, Column& column);

// Rows `first` ... of the file become rows `to` ... of the column. False where it turns out to be unreadable.
bool read_rows(fitsfile* file, ColumnPlan& plan, LONGLONG first, LONGLONG count, LONGLONG to, Column& column);

// Of the column `number`, without a look at its values.
std::string column_name(const CardIndex& cards, int number);

}  // namespace brickline::fits
