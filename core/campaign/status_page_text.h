// What the page of a plan looks like and does.
#pragma once

#include <string_view>

namespace brickline {

// Between the two stands the JSON text of what it shows.
extern const std::string_view kStatusPageHead, kStatusPageTail;

}  // namespace brickline
