#include "core/picture/jpeg_codec.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>

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

jpeg_error_mgr* silent_errors(ErrorManager& errors) {
  jpeg_std_error(&errors.base);
  errors.base.error_exit = escape;
  errors.base.output_message = stay_silent;
  return &errors.base;
}

// Functions that libjpeg's errors jump over hold nothing with a destructor; what they allocate is handed in.
struct Pixels {
  int width = 0, height = 0, components = 0;
  unsigned char* bytes = nullptr;  // freed by the caller
};

// `pixels_too`: else only the size of what would be decoded.
bool decode(std::string_view jpeg, int shrink, bool pixels_too, ErrorManager& errors, Pixels& out) {
  jpeg_decompress_struct info;
  info.err = silent_errors(errors);
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(jpeg.data()), jpeg.size());
  jpeg_read_header(&info, TRUE);
  info.scale_num = 1;
  info.scale_denom = static_cast<unsigned int>(shrink);
  if (info.num_components == 3) info.out_color_space = JCS_RGB;
  jpeg_calc_output_dimensions(&info);
  out.width = static_cast<int>(info.output_width);
  out.height = static_cast<int>(info.output_height);
  out.components = info.out_color_components;
  const std::size_t row_bytes = static_cast<std::size_t>(out.width) * out.components;
  if (pixels_too) {
    out.bytes = static_cast<unsigned char*>(std::malloc(row_bytes * out.height));
    if (!out.bytes) ERREXIT1(&info, JERR_OUT_OF_MEMORY, 0);
    jpeg_start_decompress(&info);
    while (info.output_scanline < info.output_height) {
      unsigned char* row = out.bytes + info.output_scanline * row_bytes;
      jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
  }
  jpeg_destroy_decompress(&info);
  return true;
}

bool encode(const unsigned char* pixels, int width, int height, int components, const JpegOptions& options,
            ErrorManager& errors, unsigned char** bytes, unsigned long* size) {
  jpeg_compress_struct info;
  info.err = silent_errors(errors);
  if (setjmp(errors.escape)) {
    jpeg_destroy_compress(&info);
    return false;
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, bytes, size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = components;
  info.in_color_space = components == 3 ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(&info);  // chroma 2x2 subsampled, standard Huffman tables, the accurate integer DCT
  if (options.optimize_coding) info.optimize_coding = TRUE;
  if (options.dpi > 0) {
    info.density_unit = 1;
    info.X_density = info.Y_density = static_cast<UINT16>(options.dpi);
  }
  jpeg_set_quality(&info, options.quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<unsigned char*>(pixels +
                                           static_cast<std::size_t>(info.next_scanline) * width * components);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  return true;
}

using Owner = std::unique_ptr<unsigned char, decltype(&std::free)>;

Pixels decoded(std::string_view jpeg, int shrink, bool pixels_too) {
  ErrorManager errors{};
  Pixels pixels;
  if (decode(jpeg, shrink, pixels_too, errors, pixels)) return pixels;
  std::free(pixels.bytes);
  if (errors.base.msg_code == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
  throw input_error("not a picture that can be read: {}", errors.message);
}

}  // namespace

std::string encode_jpeg(const PictureBytes& picture, const JpegOptions& options) {
  if (picture.width <= 0 || picture.height <= 0 || picture.width > JPEG_MAX_DIMENSION ||
      picture.height > JPEG_MAX_DIMENSION)
    throw input_error("a JPEG picture cannot be {} x {} pixels", picture.width, picture.height);
  ErrorManager errors{};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const bool done = encode(picture.bytes.data(), picture.width, picture.height, picture.components, options,
                           errors, &bytes, &size);
  const Owner owner(bytes, &std::free);
  if (!done && errors.base.msg_code == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
  if (!done) throw internal_error("cannot encode a JPEG picture: {}", errors.message);
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

PictureBytes decode_jpeg(std::string_view jpeg, int shrink) {
  const Pixels pixels = decoded(jpeg, shrink, true);
  const Owner owner(pixels.bytes, &std::free);
  const auto size = static_cast<std::size_t>(pixels.width) * pixels.height * pixels.components;
  return {pixels.width, pixels.height, pixels.components, {pixels.bytes, pixels.bytes + size}};
}

PictureBytes jpeg_dimensions(std::string_view jpeg) {
  const Pixels pixels = decoded(jpeg, 1, false);
  return {pixels.width, pixels.height, pixels.components, {}};
}

}  // namespace brickline
