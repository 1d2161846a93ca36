// Growing scratch memory of floats on cache-line boundaries.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

namespace brickline {

class AlignedFloats {
 public:
  AlignedFloats() = default;
  explicit AlignedFloats(std::size_t size) { reserve(size); }

  // Makes room for `size` floats; what grows anew is zero and what was held is lost.
  void reserve(std::size_t size) {
    if (size <= size_) return;
    data_.reset(static_cast<float*>(::operator new[](size * sizeof(float), std::align_val_t{64})));
    std::memset(data_.get(), 0, size * sizeof(float));
    size_ = size;
  }
  std::size_t size() const { return size_; }
  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  float& operator[](std::size_t i) { return data_.get()[i]; }
  float operator[](std::size_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(float* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  std::unique_ptr<float[], Free> data_;
  std::size_t size_ = 0;
};

}  // namespace brickline
