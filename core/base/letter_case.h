// Capital and small letters of names, as FITS and the tables know them: those of ASCII, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace brickline {

std::string upper_case(std::string_view text);
std::string lower_case(std::string_view text);
bool equal_but_for_case(std::string_view a, std::string_view b);

}  // namespace brickline
