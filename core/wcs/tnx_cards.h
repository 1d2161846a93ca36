// The distortion of IRAF's TNX projection, out of the header's WATi_nnn cards.
//
// From "The TNX World Coordinate System" (F. Valdes; FITS registry of conventions): with xi, eta the degrees
// that the CD matrix gives, the tangent projection is applied to
//   xi' = xi + lngcor(xi, eta),   eta' = eta + latcor(xi, eta).
// Either correction is a string of numbers in the attribute of that name of WAT1 or WAT2: kind of polynomial
// (1 Chebyshev, 2 Legendre, 3 powers), orders in xi and eta (terms: one more than the highest power), cross
// terms (0 none, 1 all, 2 up to the larger order), the range xi_min xi_max eta_min eta_max that kinds 1 and 2
// scale to [-1, 1], coefficients with the power of xi running fastest.
#pragma once

#include <optional>
#include <string>

#include "core/wcs/distortion.h"
#include "core/wcs/wcs_cards.h"

namespace brickline {

// Error (kInput) where the cards are missing or do not follow the convention, naming WAT1 or WAT2.
Distortion tnx_distortion(const WcsCards& cards);

// The first card of a WATi that holds a TNX or ZPX correction, if one does, whatever CTYPE says.
std::optional<std::string> wat_distortion_key(const WcsCards& cards);

}  // namespace brickline
