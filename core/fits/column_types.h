// Letters of TFORM.
#pragma once

#include <cstdint>

namespace brickline::fits {

// Bytes of one element; 0 of types whose elements have none of their own (bits, descriptors, complex numbers).
constexpr std::int64_t bytes_of_type(char type) {
  switch (type) {
    case 'L':
    case 'B':
    case 'A':
      return 1;
    case 'I':
      return 2;
    case 'J':
    case 'E':
      return 4;
    case 'K':
    case 'D':
      return 8;
    default:
      return 0;
  }
}

}  // namespace brickline::fits
