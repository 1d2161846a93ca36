// Units of FITS cards and columns.
#pragma once

#include <optional>
#include <string_view>

namespace brickline {

// What a number in unit `from` is multiplied by to be in unit `to`: 3600 of "deg" and "arcsec", 1 of "pix" and "pixel". Nothing
// where one is not a unit of the FITS standard (4.0, section 4.3), or they are not of one quantity. One thread at a time.
std::optional<double> unit_ratio(std::string_view from, std::string_view to);

// Whether both are units of the standard and of quantities that nothing converts, as "arcsec" and "pix". One thread at a time.
bool are_of_unlike_quantities(std::string_view a, std::string_view b);

}  // namespace brickline
