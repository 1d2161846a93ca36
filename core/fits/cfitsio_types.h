// CFITSIO's type codes for our pixel types, and its error stack as one line. Private to this room.
#pragma once

#include <fitsio.h>

#include <cstdint>
#include <string>
#include <type_traits>

namespace brickline::fits {

template <typename T>
constexpr int cfitsio_type() {
  if constexpr (std::is_same_v<T, float>) return TFLOAT;
  if constexpr (std::is_same_v<T, double>) return TDOUBLE;
  if constexpr (std::is_same_v<T, std::uint8_t>) return TBYTE;
  if constexpr (std::is_same_v<T, std::int16_t>) return TSHORT;
  if constexpr (std::is_same_v<T, std::uint16_t>) return TUSHORT;
  if constexpr (std::is_same_v<T, std::int32_t>) return TINT;
  if constexpr (std::is_same_v<T, std::int64_t>) return TLONGLONG;
}

template <typename T>
constexpr int bitpix_code() {
  if constexpr (std::is_same_v<T, float>) return FLOAT_IMG;
  if constexpr (std::is_same_v<T, double>) return DOUBLE_IMG;
  if constexpr (std::is_same_v<T, std::uint8_t>) return BYTE_IMG;
  if constexpr (std::is_same_v<T, std::int16_t>) return SHORT_IMG;
  if constexpr (std::is_same_v<T, std::uint16_t>) return USHORT_IMG;
  if constexpr (std::is_same_v<T, std::int32_t>) return LONG_IMG;
  if constexpr (std::is_same_v<T, std::int64_t>) return LONGLONG_IMG;
}

// The meaning of a status and the latest message of CFITSIO's stack, which is emptied.
inline std::string cfitsio_message(int status) {
  char text[FLEN_STATUS] = "";
  fits_get_errstatus(status, text);
  std::string out = text;
  char line[FLEN_ERRMSG] = "";
  std::string last;
  while (fits_read_errmsg(line)) last = line;
  if (!last.empty() && last != out) out += "; " + last;
  return out;
}

}  // namespace brickline::fits
