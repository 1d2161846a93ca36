// Header cards as text, one "KEY = value / comment" a line: what plugins write, and what stands in side files as
// SCAMP and SWarp write them (.head). Internal to core/camera.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "core/fits/header.h"

namespace brickline {

// The blocks of the text, which lines "END" end; what follows the last END is a block if it has a card. Keys are of
// A-Z, 0-9, _ and -, no longer than that. Values: 'quoted text' (with '' for a quote), numbers (1.5, 2.2D0),
// T and F, or words. COMMENT and HISTORY lines are left out. Error (kInput) with the line for anything else, and for
// numbers that are not finite.
std::vector<fits::Header> parse_text_cards(std::string_view text, std::size_t longest_key = 8);

}  // namespace brickline
