// PNG files in memory: bytes to pixels and back, with transparency. By libpng, through its simplified interface.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brickline {

// Rows from the top, four bytes a pixel: red, green, blue, alpha (0: nothing is there).
struct RgbaBytes {
  int width = 0, height = 0;
  std::vector<unsigned char> bytes;
};

// No clock and no word of the program enter. std::bad_alloc; Error (kInput) where PNG has no such size.
std::string encode_png(const RgbaBytes& picture);
// Error (kInput) for what is no PNG.
RgbaBytes decode_png(std::string_view png);

}  // namespace brickline
