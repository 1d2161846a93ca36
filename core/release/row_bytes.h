// Values of a binary table's rows as FITS has them: big-endian, one after the other.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace brickline {

template <typename T>
requires std::is_arithmetic_v<T>
void append_value(std::vector<std::uint8_t>& row, T value) {
  auto bytes = std::bit_cast<std::array<std::uint8_t, sizeof(T)>>(value);
  if constexpr (std::endian::native == std::endian::little) std::ranges::reverse(bytes);
  row.insert(row.end(), bytes.begin(), bytes.end());
}
// Blanks behind it.
inline void append_text(std::vector<std::uint8_t>& row, std::string_view text, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i)
    row.push_back(static_cast<std::uint8_t>(i < text.size() ? text[i] : ' '));
}
template <typename T>
requires std::is_arithmetic_v<T> T value_at(std::span<const std::uint8_t> row, std::int64_t offset) {
  std::array<std::uint8_t, sizeof(T)> bytes;
  std::copy_n(row.begin() + offset, sizeof(T), bytes.begin());
  if constexpr (std::endian::native == std::endian::little) std::ranges::reverse(bytes);
  return std::bit_cast<T>(bytes);
}

}  // namespace brickline
