#include "core/picture/png_codec.h"

#include <png.h>

#include <cstring>
#include <memory>

#include "core/base/error.h"

namespace brickline {
namespace {

struct Freed {
  png_image image{};
  Freed() { image.version = PNG_IMAGE_VERSION; }
  Freed(const Freed&) = delete;
  Freed& operator=(const Freed&) = delete;
  ~Freed() { png_image_free(&image); }
};

}  // namespace

std::string encode_png(const RgbaBytes& picture) {
  Freed png;
  png.image.width = static_cast<png_uint_32>(picture.width);
  png.image.height = static_cast<png_uint_32>(picture.height);
  png.image.format = PNG_FORMAT_RGBA;
  if (picture.width <= 0 || picture.height <= 0 ||
      picture.bytes.size() !=
          std::size_t{4} * static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height))
    throw input_error("a PNG of {} x {} pixels cannot be", picture.width, picture.height);
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png.image);
  std::string out(size, '\0');
  if (!png_image_write_to_memory(&png.image, out.data(), &size, 0, picture.bytes.data(), 0, nullptr))
    throw internal_error("a PNG cannot be written: {}", png.image.message);
  out.resize(size);
  return out;
}

RgbaBytes decode_png(std::string_view bytes) {
  Freed png;
  if (!png_image_begin_read_from_memory(&png.image, bytes.data(), bytes.size()))
    throw input_error("it is no PNG: {}", png.image.message);
  png.image.format = PNG_FORMAT_RGBA;
  RgbaBytes out{static_cast<int>(png.image.width), static_cast<int>(png.image.height), {}};
  out.bytes.resize(PNG_IMAGE_SIZE(png.image));
  if (!png_image_finish_read(&png.image, nullptr, out.bytes.data(), 0, nullptr))
    throw input_error("the PNG is damaged: {}", png.image.message);
  return out;
}

}  // namespace brickline
