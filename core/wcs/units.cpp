#include "core/wcs/units.h"

#include <wcslib/wcsunits.h>

#include <string>

namespace brickline {

std::optional<double> unit_ratio(std::string_view from, std::string_view to) {
  double scale = 1, offset = 0, power = 1;
  const std::string have(from), want(to);
  if (wcsunits(have.c_str(), want.c_str(), &scale, &offset, &power) != 0 || offset != 0 || power != 1)
    return {};
  return scale;
}

bool are_of_unlike_quantities(std::string_view a, std::string_view b) {
  double scale = 1, offset = 0, power = 1;
  const std::string have(a), want(b);
  return wcsunits(have.c_str(), want.c_str(), &scale, &offset, &power) == UNITSERR_BAD_UNIT_SPEC;
}

}  // namespace brickline
