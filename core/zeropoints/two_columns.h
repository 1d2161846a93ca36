// Texts of two columns of numbers: filter curves, spectra. What follows a # is a remark, lines without words are passed over.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

namespace brickline {

// Calls `take` with the line's number (from 1) and its two numbers, in the file's order. Error (kInput), which does not name
// the file: it cannot be opened; a line that is not two numbers, which says that `what` ("a wavelength and a flux") was
// wanted.
void read_two_columns(const std::filesystem::path& file, std::string_view what,
                      const std::function<void(int line, double first, double second)>& take);

}  // namespace brickline
