// Texts as TOML has them.
#pragma once

#include <string>
#include <string_view>

namespace brickline {

// A basic string, in quotes, that reads back as this text.
std::string toml_text(std::string_view text);

}  // namespace brickline
