#include "core/camera/guarded_views.h"

#include <algorithm>
#include <cstring>

namespace brickline {
namespace {

constexpr unsigned char kGuard = 0xA5;
constexpr std::int64_t kBefore = 5, kMore = 13;  // pixels of a row

std::size_t bytes_of_pixel(std::uint32_t type) {
  switch (type) {
    case BL_F64:
      return 8;
    case BL_U8:
      return 1;
    case BL_U16:
      return 2;
    default:
      return 4;
  }
}

}  // namespace

thread_local int GuardedViews::depth_ = 0;

GuardedView::GuardedView(const bl_view& view)
    : own_(view), guarded_(view), pixel_(bytes_of_pixel(view.type)) {
  if (!view.data) return;
  guarded_.stride = view.width + kMore;
  bytes_.assign(static_cast<std::size_t>(guarded_.stride * (view.height + 2)) * pixel_, kGuard);
  guarded_.data = bytes_.data() + at(0);
  for (std::int64_t y = 0; y < view.height; ++y)
    std::memcpy(
        bytes_.data() + at(y),
        static_cast<const unsigned char*>(own_.data) + static_cast<std::size_t>(y * own_.stride) * pixel_,
        static_cast<std::size_t>(view.width) * pixel_);
}

std::size_t GuardedView::at(std::int64_t y) const {
  return static_cast<std::size_t>((y + 1) * guarded_.stride + kBefore) * pixel_;
}

bool GuardedView::is_intact() const {
  if (!own_.data) return true;
  const auto guard = [](unsigned char byte) { return byte == kGuard; };
  std::size_t from = 0;
  for (std::int64_t y = 0; y <= own_.height; ++y) {
    const std::size_t to = y < own_.height ? at(y) : bytes_.size();
    if (!std::all_of(bytes_.begin() + static_cast<std::ptrdiff_t>(from),
                     bytes_.begin() + static_cast<std::ptrdiff_t>(to), guard))
      return false;
    from = to + static_cast<std::size_t>(own_.width) * pixel_;
  }
  return true;
}

void GuardedView::copy_back() const {
  if (!own_.data) return;
  for (std::int64_t y = 0; y < own_.height; ++y)
    std::memcpy(static_cast<unsigned char*>(own_.data) + static_cast<std::size_t>(y * own_.stride) * pixel_,
                bytes_.data() + at(y), static_cast<std::size_t>(own_.width) * pixel_);
}

GuardedStep::GuardedStep(const bl_step& step)
    : image_(step.image), raw_mask_(step.raw_mask), mask_(step.mask), weight_(step.weight), step_(step) {
  step_.image = image_.view();
  step_.raw_mask = raw_mask_.view();
  step_.mask = mask_.view();
  step_.weight = weight_.view();
}

std::string_view GuardedStep::broken() const {
  return !image_.is_intact()      ? "image"
         : !raw_mask_.is_intact() ? "raw_mask"
         : !mask_.is_intact()     ? "mask"
         : !weight_.is_intact()   ? "weight"
                                  : "";
}

void GuardedStep::copy_back() const {
  image_.copy_back();
  raw_mask_.copy_back();
  mask_.copy_back();
  weight_.copy_back();
}

}  // namespace brickline
