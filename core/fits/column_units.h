// Units of columns that people bring: one that is stated, and is another than the numbers are taken in, would make them
// wrong without a word.
#pragma once

#include <string_view>

#include "core/fits/table.h"

namespace brickline::fits {

enum class WantedUnit { kDegrees, kArcsec, kMilliarcsec, kMilliarcsecPerYear };

// Throws Error (kInput) if `unit`, however it is spelt, is another one. A column may state none.
void require_unit(std::string_view column, std::string_view unit, WantedUnit wanted);
// The same of a column of the table, if it is there.
void require_unit(const Table& table, std::string_view column, WantedUnit wanted);

}  // namespace brickline::fits
