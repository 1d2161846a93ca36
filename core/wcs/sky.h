// Angles on the sphere and their sexagesimal forms. Everything is in degrees.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace brickline {

// The great-circle distance of two positions; accurate from microarcseconds to antipodes (Vincenty's form).
double angular_separation(double ra1, double dec1, double ra2, double dec2);

// RA brought into [0, 360).
double wrap_ra(double ra);
// The difference a - b of two right ascensions, in [-180, 180].
double ra_difference(double a, double b);

// A decimal number of degrees, or "hh:mm:ss.s" for RA and "[+-]dd:mm:ss.s" for Dec, the parts separated by
// colons, blanks or h/d m s. Empty if it cannot be read or is out of range.
std::optional<double> parse_ra(std::string_view text);
std::optional<double> parse_dec(std::string_view text);

// "07:20:50.986" and "+24:00:00.000", rounded (with carry) to `decimals` digits of a second.
std::string format_ra(double ra, int decimals = 3);
std::string format_dec(double dec, int decimals = 3);

}  // namespace brickline
