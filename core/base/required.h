// A member of an aggregate that has no default: whoever makes one and leaves it out is told so by the compiler.
#pragma once

#include <utility>

namespace brickline {

template <typename T>
class Required {
 public:
  Required() = delete;
  // Not explicit: it stands for the value.
  constexpr Required(T value) : value_(std::move(value)) {}
  constexpr operator const T&() const { return value_; }

 private:
  T value_;
};

}  // namespace brickline
