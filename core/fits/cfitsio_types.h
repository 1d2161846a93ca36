// CFITSIO's type codes for our pixel types, and its statuses as errors. Private to this room.
#pragma once

#include <fitsio.h>

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "core/base/error.h"

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

// "DOING: what the status means" as an error of that kind, of kResources where memory was wanting: CFITSIO has
// a status for that, and others ("error uncompressing image", "array dimensions too big") where the allocator
// has left its mark in errno. CFITSIO's stack of messages is not asked: all threads share it
// (cfitsio_session.h).
inline Error cfitsio_error(ErrorKind kind, int status, std::string_view doing) {
  if (errno == ENOMEM) status = MEMORY_ALLOCATION;
  char meaning[FLEN_STATUS] = "";
  fits_get_errstatus(status, meaning);
  if (status == MEMORY_ALLOCATION) kind = ErrorKind::kResources;
  return Error(kind, fmt::format("{}: {}", doing, meaning));
}

}  // namespace brickline::fits
