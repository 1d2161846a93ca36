// One input for a fuzzer of world coordinates.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/fits/header.h"

namespace brickline::test {

// Records of 80 characters, as they stand in a file, the last one perhaps shorter, as a header: without
// CFITSIO, so that nothing of a damaged card is lost on the way.
fits::Header header_of_records(std::string_view records);

// Reads the bytes as records of a header and uses its world coordinates if it has any. Ends the process where
// anything but an Error of kind kInput comes of it, or a position that is none.
void fuzz_wcs_header(std::span<const std::uint8_t> bytes);

}  // namespace brickline::test
