#include "core/camera/made_pixels.h"

#include <utility>

namespace brickline {
namespace {

thread_local const MadePixels* innermost = nullptr;

}  // namespace

MadePixels::MadePixels(std::filesystem::path file, int hdu, Image<float> pixels)
    : file_(std::move(file)), hdu_(hdu), pixels_(std::move(pixels)), outer_(innermost) {
  innermost = this;
}

MadePixels::~MadePixels() { innermost = outer_; }

const Image<float>* MadePixels::of(const std::filesystem::path& file, int hdu) {
  return innermost && innermost->hdu_ == hdu && innermost->file_ == file ? &innermost->pixels_ : nullptr;
}

}  // namespace brickline
