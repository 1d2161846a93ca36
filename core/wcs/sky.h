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

// A position as people write it. Empty if it cannot be read or is out of range.
//   188.5  -.5  1.885e2  188.5d  188.5deg  188.5 (with a degree sign)      degrees
//   12:34:56.7  12 34 56.7  12:34.9                            hours for RA, degrees for Dec
//   12h34m56.7s  12h34.9m  12.5h                               hours, of RA only
//   188d30m15s  188d30'15"                                     degrees
// RA is between -360 and 360 degrees, or 0 and 24 hours, and comes back in [0, 360). The typographers' minus,
// degree, prime and double prime are read as the plain ones; only the last part may have a fraction.
std::optional<double> parse_ra(std::string_view text);
std::optional<double> parse_dec(std::string_view text);

// "07:20:50.986" and "+24:00:00.000", rounded (with carry) to `decimals` digits of a second.
std::string format_ra(double ra, int decimals = 3);
std::string format_dec(double dec, int decimals = 3);

}  // namespace brickline
