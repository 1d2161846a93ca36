// Pixels: an owning image, a view of one, and integer boxes.
//
// Conventions, settled here for the whole project:
//  - pixel (0, 0) is the centre of the first pixel; x is the column, y the row; rows are contiguous
//  (row-major);
//  - a box is half-open: [x0, x1) x [y0, y1);
//  - FITS's 1-based coordinates live only inside core/fits and core/wcs.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace brickline {

struct Box {
  int x0 = 0, x1 = 0, y0 = 0, y1 = 0;

  static Box from_size(int width, int height) { return {0, width, 0, height}; }
  int width() const { return std::max(0, x1 - x0); }
  int height() const { return std::max(0, y1 - y0); }
  bool empty() const { return x1 <= x0 || y1 <= y0; }
  std::int64_t area() const { return std::int64_t{width()} * height(); }
  bool contains(int x, int y) const { return x >= x0 && x < x1 && y >= y0 && y < y1; }
  Box shifted(int dx, int dy) const { return {x0 + dx, x1 + dx, y0 + dy, y1 + dy}; }
  friend bool operator==(const Box&, const Box&) = default;
};

// The common part; empty boxes come back as the zero box.
inline Box intersection(const Box& a, const Box& b) {
  Box r{std::max(a.x0, b.x0), std::min(a.x1, b.x1), std::max(a.y0, b.y0), std::min(a.y1, b.y1)};
  return r.empty() ? Box{} : r;
}

// Non-owning pixels. `stride` is the distance between rows in elements, at least `width`.
template <typename T>
class ImageView {
 public:
  ImageView() = default;
  ImageView(T* data, int width, int height, std::ptrdiff_t stride)
      : data_(data), width_(width), height_(height), stride_(stride) {}
  // A view of mutable pixels serves as a view of constant ones.
  template <typename U>
  requires(std::is_const_v<T>&& std::is_same_v<std::remove_const_t<T>, U>)
      ImageView(const ImageView<U>& o)  // NOLINT(google-explicit-constructor)
      : data_(o.data()), width_(o.width()), height_(o.height()), stride_(o.stride()) {}

  T* data() const { return data_; }
  int width() const { return width_; }
  int height() const { return height_; }
  std::ptrdiff_t stride() const { return stride_; }
  bool empty() const { return width_ <= 0 || height_ <= 0; }
  Box box() const { return Box::from_size(width_, height_); }
  T* row(int y) const {
    assert(y >= 0 && y < height_);
    return data_ + y * stride_;
  }
  T& operator()(int x, int y) const {
    assert(x >= 0 && x < width_ && y >= 0 && y < height_);
    return data_[y * stride_ + x];
  }
  // The part inside `b`, which must lie within the view.
  ImageView crop(const Box& b) const {
    assert(b.x0 >= 0 && b.y0 >= 0 && b.x1 <= width_ && b.y1 <= height_);
    return {data_ + b.y0 * stride_ + b.x0, b.width(), b.height(), stride_};
  }

 private:
  T* data_ = nullptr;
  int width_ = 0, height_ = 0;
  std::ptrdiff_t stride_ = 0;
};

// Owning pixels; rows begin on 64-byte boundaries, so stride() >= width().
template <typename T>
class Image {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Image() = default;
  Image(int width, int height, T fill = T{}) : width_(width), height_(height) {
    allocate();
    if (data_) std::fill(data_, data_ + stride_ * height_, fill);
  }
  // Pixels that live elsewhere (core/base/pixel_file.h) for as long as `owner` does; a copy has its own.
  Image(T* data, int width, int height, std::ptrdiff_t stride, std::shared_ptr<void> owner)
      : data_(data), width_(width), height_(height), stride_(stride), owner_(std::move(owner)) {}
  explicit Image(ImageView<const T> v) : Image(v.width(), v.height()) {
    for (int y = 0; y < height_; ++y) std::copy(v.row(y), v.row(y) + width_, row(y));
  }
  Image(const Image& o) : width_(o.width_), height_(o.height_) {
    allocate();
    if (data_) std::copy(o.data_, o.data_ + stride_ * height_, data_);
  }
  Image(Image&& o) noexcept { swap(o); }
  Image& operator=(Image o) noexcept {
    swap(o);
    return *this;
  }
  ~Image() {
    if (!owner_) ::operator delete[](data_, std::align_val_t{64});
  }

  int width() const { return width_; }
  int height() const { return height_; }
  std::ptrdiff_t stride() const { return stride_; }
  bool empty() const { return width_ <= 0 || height_ <= 0; }
  Box box() const { return Box::from_size(width_, height_); }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T* row(int y) {
    assert(y >= 0 && y < height_);
    return data_ + y * stride_;
  }
  const T* row(int y) const {
    assert(y >= 0 && y < height_);
    return data_ + y * stride_;
  }
  T& operator()(int x, int y) {
    assert(x >= 0 && x < width_ && y >= 0 && y < height_);
    return data_[y * stride_ + x];
  }
  const T& operator()(int x, int y) const {
    assert(x >= 0 && x < width_ && y >= 0 && y < height_);
    return data_[y * stride_ + x];
  }
  void fill(T value) { std::fill(data_, data_ + stride_ * height_, value); }
  ImageView<T> view() { return {data_, width_, height_, stride_}; }
  ImageView<const T> view() const { return {data_, width_, height_, stride_}; }
  ImageView<const T> const_view() const { return {data_, width_, height_, stride_}; }

 private:
  void allocate() {
    constexpr std::ptrdiff_t per_line = std::max<std::ptrdiff_t>(1, 64 / std::ptrdiff_t{sizeof(T)});
    stride_ = (width_ + per_line - 1) / per_line * per_line;
    // Rows a large power of two apart would all fall into the same few sets of the processor's caches, which
    // makes going down a column slow.
    constexpr std::ptrdiff_t kCacheAliasBytes = 1024;
    if (stride_ * std::ptrdiff_t{sizeof(T)} % kCacheAliasBytes == 0) stride_ += per_line;
    if (stride_ * height_ > 0)
      data_ = static_cast<T*>(::operator new[](sizeof(T) * stride_ * height_, std::align_val_t{64}));
  }
  void swap(Image& o) noexcept {
    std::swap(data_, o.data_);
    std::swap(width_, o.width_);
    std::swap(height_, o.height_);
    std::swap(stride_, o.stride_);
    owner_.swap(o.owner_);
  }
  T* data_ = nullptr;
  int width_ = 0, height_ = 0;
  std::ptrdiff_t stride_ = 0;
  std::shared_ptr<void> owner_;  // of pixels that live elsewhere
};

// Copies the part of an image inside `b` (which must lie within it).
template <typename T>
Image<T> crop(const Image<T>& image, const Box& b) {
  return Image<T>(image.view().crop(b));
}

}  // namespace brickline
