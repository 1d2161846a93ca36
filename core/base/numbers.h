// Numbers out of text: the one reader for header cards, table cells, facts and the command line.
//
// It knows no locale, reads the whole text or nothing, and takes what FITS (4.0, section 4.2), Fortran and
// people write: blanks around the number, a leading '+', '.5', '5.', the exponent letters E and D of either
// case. It takes neither hexadecimal numbers, nor anything behind the number ("100 s", "1,5"), nor blanks
// inside it, nor the empty text. It never throws: what is no number is empty, and the caller, who knows the
// card or the option, says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace brickline {

// Without the blanks, tabs and line ends at both ends.
std::string_view stripped(std::string_view text);

// Whether "nan" and "inf" (any case, with a sign or without, "infinity" too) count as numbers.
enum class NonFinite { kRefused, kAllowed };

// The double nearest to the number. Too large for a double: empty; too small: zero with its sign.
std::optional<double> parse_double(std::string_view text, NonFinite non_finite = NonFinite::kRefused);

// A whole number in decimal digits, without point or exponent. Beyond 64 bits: empty.
std::optional<std::int64_t> parse_int(std::string_view text);

}  // namespace brickline
