#include "core/coadd/jpeg.h"

#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <vector>

// libjpeg's header needs size_t and FILE before it.
#include <jpeglib.h>
// Its message codes need the library itself before them.
#include <jerror.h>

#include "core/base/error.h"

namespace brickline {

namespace {

struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
};

void escape(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  info->err->format_message(info, manager->message);
  std::longjmp(manager->escape, 1);
}

void stay_silent(j_common_ptr) {}

// Compresses `height` rows of `components` bytes per pixel. Holds nothing with a destructor: libjpeg's errors
// jump over it. The caller frees *bytes. False on failure, with the reason in `errors`.
bool compress(const unsigned char* pixels, int width, int height, int components, const JpegOptions& options,
              ErrorManager& errors, unsigned char** bytes, unsigned long* size) {
  jpeg_compress_struct jpeg;
  jpeg.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = escape;
  errors.base.output_message = stay_silent;
  if (setjmp(errors.escape)) {
    jpeg_destroy_compress(&jpeg);
    return false;
  }
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, bytes, size);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = components;
  jpeg.in_color_space = components == 3 ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(&jpeg);  // chroma 2x2 subsampled, standard Huffman tables, the accurate integer DCT
  jpeg.density_unit = 1;
  jpeg.X_density = jpeg.Y_density = static_cast<UINT16>(options.dpi);
  jpeg_set_quality(&jpeg, options.quality, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row = const_cast<unsigned char*>(pixels +
                                           static_cast<std::size_t>(jpeg.next_scanline) * width * components);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  return true;
}

std::string encode(const std::vector<unsigned char>& pixels, int width, int height, int components,
                   const JpegOptions& options) {
  if (width <= 0 || height <= 0 || width > JPEG_MAX_DIMENSION || height > JPEG_MAX_DIMENSION)
    throw input_error("a JPEG picture cannot be {} x {} pixels", width, height);
  ErrorManager errors{};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const bool done = compress(pixels.data(), width, height, components, options, errors, &bytes, &size);
  const std::unique_ptr<unsigned char, decltype(&std::free)> owner(bytes, &std::free);
  if (!done && errors.base.msg_code == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
  if (!done) throw internal_error("cannot encode a JPEG picture: {}", errors.message);
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

// Values that are not finite become black.
unsigned char byte_of(float v) {
  const float scaled = 255 * v;
  if (!(scaled > 0)) return 0;
  return scaled >= 255 ? 255 : static_cast<unsigned char>(scaled);
}

}  // namespace

std::string encode_jpeg(const RgbPlanes& picture, const JpegOptions& options) {
  const int w = picture.red.width(), h = picture.red.height();
  std::vector<unsigned char> pixels(static_cast<std::size_t>(w) * h * 3);
  for (int y = 0; y < h; ++y) {
    unsigned char* out = pixels.data() + static_cast<std::size_t>(h - 1 - y) * w * 3;
    for (int x = 0; x < w; ++x) {
      *out++ = byte_of(picture.red(x, y));
      *out++ = byte_of(picture.green(x, y));
      *out++ = byte_of(picture.blue(x, y));
    }
  }
  return encode(pixels, w, h, 3, options);
}

Image<float> stretch_grey(ImageView<const float> picture) {
  float low = std::numeric_limits<float>::infinity(), high = -low;
  for (int y = 0; y < picture.height(); ++y)
    for (int x = 0; x < picture.width(); ++x)
      if (const float v = picture(x, y); std::isfinite(v)) {
        low = std::min(low, v);
        high = std::max(high, v);
      }
  const float range = high > low ? high - low : 1;
  Image<float> out(picture.width(), picture.height());
  for (int y = 0; y < picture.height(); ++y)
    for (int x = 0; x < picture.width(); ++x) out(x, y) = (picture(x, y) - low) / range * 256 / 255;
  return out;
}

std::string encode_grey_jpeg(ImageView<const float> picture, const JpegOptions& options) {
  std::vector<unsigned char> pixels;
  pixels.reserve(static_cast<std::size_t>(picture.width()) * picture.height());
  for (int y = picture.height() - 1; y >= 0; --y)
    for (int x = 0; x < picture.width(); ++x) pixels.push_back(byte_of(picture(x, y)));
  return encode(pixels, picture.width(), picture.height(), 1, options);
}

}  // namespace brickline
