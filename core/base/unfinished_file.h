// The name that a file has while it is written, "tmp-NAME.XXXXXXXX": by it those are told that killed processes left.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace brickline {

// Of a file that is to be NAME, of which at most its first 200 bytes are kept; eight hex digits of `number`.
std::string unfinished_name(std::string_view name, std::uint32_t number);
// NAME, as far as it is kept; empty if `unfinished` is no such name.
std::optional<std::string> name_of_unfinished(std::string_view unfinished);

}  // namespace brickline
