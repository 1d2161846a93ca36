// Values to and from plain bytes: the same structures that become HDUs in saved state (codec_columns.h: the
// fields that codec_fields.h lists), for records that are too many and too small to be FITS files. Bytes are
// those of this machine's numbers, without names or types: only the program that wrote them can read them,
// which is what the key of whoever keeps them is for.
//
//   numbers, enumerations    as they are in memory; bool as one byte
//   texts, lists, maps       a 32-bit count, and the elements
//   optional                 one byte, and the value if there is one
//   fixed arrays, structures their elements, their fields
//   images                   width and height (32 bits), and the rows
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

#include "core/base/error.h"
#include "core/pipeline/codec_columns.h"

namespace brickline::codec {

template <class T>
concept Number = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <class T>
  void put(const T& value) {
    if constexpr (Number<T>) {
      raw(&value, sizeof value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      count(value.size());
      raw(value.data(), value.size());
    } else if constexpr (IsVector<T>::value) {
      count(value.size());
      for (const auto& element : value) put(element);
    } else if constexpr (IsMap<T>::value) {
      count(value.size());
      for (const auto& [key, mapped] : value) {
        put(key);
        put(mapped);
      }
    } else if constexpr (IsPlainArray<T>::value || IsOtherArray<T>::value) {
      for (const auto& element : value) put(element);
    } else if constexpr (IsOptional<T>::value) {
      put(static_cast<std::uint8_t>(value.has_value()));
      if (value) put(*value);
    } else if constexpr (IsImage<T>::value) {
      put(static_cast<std::int32_t>(value.width()));
      put(static_cast<std::int32_t>(value.height()));
      for (int y = 0; y < value.height(); ++y)
        raw(value.row(y), static_cast<std::size_t>(value.width()) * sizeof(typename IsImage<T>::Pixel));
    } else {
      static_assert(Listed<T>, "the fields of this type are not listed");
      static_assert(all_members_listed<T>(), "a member is missing from the list of fields");
      Fields<T>::each([&](std::string_view, auto member) { put(value.*member); });
    }
  }

 private:
  void count(std::size_t n) { put(static_cast<std::uint32_t>(n)); }
  void raw(const void* bytes, std::size_t size) {
    if (size > 0) out_.append(static_cast<const char*>(bytes), size);
  }
  std::string& out_;
};

// Error (kInput) wherever the bytes are not what a writer makes of such a value; whatever they are, no more is
// allocated than their number allows.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  template <class T>
  T get() {
    T value{};
    read(value);
    return value;
  }
  bool at_end() const { return bytes_.empty(); }
  // Error unless all has been read.
  void end() const {
    if (!at_end()) throw input_error("{} bytes too many", bytes_.size());
  }

 private:
  template <class T>
  void read(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      const auto byte = get<std::uint8_t>();
      if (byte > 1) throw input_error("a flag is {}", byte);
      value = byte == 1;
    } else if constexpr (Number<T>) {
      std::memcpy(&value, take(sizeof value).data(), sizeof value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      const auto text = take(get<std::uint32_t>());
      value.assign(text.begin(), text.end());
    } else if constexpr (IsVector<T>::value) {
      value.clear();
      for (std::size_t n = count(); n > 0; --n) read(value.emplace_back());
    } else if constexpr (IsMap<T>::value) {
      value.clear();
      for (std::size_t n = count(); n > 0; --n) {
        auto key = get<typename T::key_type>();
        read(value[std::move(key)]);
      }
    } else if constexpr (IsPlainArray<T>::value || IsOtherArray<T>::value) {
      for (auto& element : value) read(element);
    } else if constexpr (IsOptional<T>::value) {
      value.reset();
      if (get<bool>()) read(value.emplace());
    } else if constexpr (IsImage<T>::value) {
      using Pixel = typename IsImage<T>::Pixel;
      const auto width = get<std::int32_t>(), height = get<std::int32_t>();
      const auto row = static_cast<std::uint64_t>(width) * sizeof(Pixel);
      if (width < 0 || height < 0 ||
          (height > 0 && row > bytes_.size() / static_cast<std::uint64_t>(height)) ||
          (width == 0) != (height == 0))
        throw input_error("an image of {} x {} pixels is not in {} bytes", width, height, bytes_.size());
      value = T(width, height);
      for (int y = 0; y < height; ++y) std::memcpy(value.row(y), take(row).data(), row);
    } else {
      static_assert(Listed<T>, "the fields of this type are not listed");
      Fields<T>::each([&](std::string_view, auto member) { read(value.*member); });
    }
  }

  // Of elements that take a byte at least.
  std::size_t count() {
    const auto n = get<std::uint32_t>();
    if (n > bytes_.size()) throw input_error("{} elements are not in {} bytes", n, bytes_.size());
    return n;
  }
  std::span<const std::uint8_t> take(std::size_t size) {
    if (size > bytes_.size()) throw input_error("it ends {} bytes too early", size - bytes_.size());
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }
  std::span<const std::uint8_t> bytes_;
};

}  // namespace brickline::codec
