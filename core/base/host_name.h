// What this machine calls itself.
#pragma once

#include <string>

namespace brickline {

// Empty if it does not say.
std::string host_name();

}  // namespace brickline
