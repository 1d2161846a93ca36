#include "core/page/picture_budget.h"

#include <algorithm>
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

// From the best looking to the smallest.
struct Attempt {
  int quality, shrink;
};
constexpr Attempt kAttempts[] = {{65, 1}, {50, 1}, {35, 1}, {60, 2}, {35, 2}, {50, 4}, {50, 8}};

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

// Functions that libjpeg's errors jump over hold nothing with a destructor; what they allocate is handed in.
struct Pixels {
  int width = 0, height = 0, components = 0;
  unsigned char* bytes = nullptr;  // freed by the caller
};

// `pixels_too`: else only the size of what would be decoded.
bool decode(const std::string& jpeg, int shrink, bool pixels_too, ErrorManager& errors, Pixels& out) {
  jpeg_decompress_struct info;
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = escape;
  errors.base.output_message = stay_silent;
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

bool encode(const Pixels& pixels, int quality, ErrorManager& errors, unsigned char** bytes,
            unsigned long* size) {
  jpeg_compress_struct info;
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = escape;
  errors.base.output_message = stay_silent;
  if (setjmp(errors.escape)) {
    jpeg_destroy_compress(&info);
    return false;
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, bytes, size);
  info.image_width = static_cast<JDIMENSION>(pixels.width);
  info.image_height = static_cast<JDIMENSION>(pixels.height);
  info.input_components = pixels.components;
  info.in_color_space = pixels.components == 3 ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(&info);
  info.optimize_coding = TRUE;
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    unsigned char* row =
        pixels.bytes + static_cast<std::size_t>(info.next_scanline) * pixels.width * pixels.components;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  return true;
}

void require(bool done, const ErrorManager& errors) {
  if (done) return;
  if (errors.base.msg_code == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
  throw input_error("not a picture that can be read: {}", errors.message);
}

std::size_t bytes_of(const std::vector<PictureFact>& pictures) {
  std::size_t sum = 0;
  for (const PictureFact& picture : pictures) sum += picture.jpeg.size();
  return sum;
}

}  // namespace

PictureSize jpeg_size(const std::string& jpeg) {
  ErrorManager errors{};
  Pixels pixels;
  require(decode(jpeg, 1, false, errors, pixels), errors);
  return {pixels.width, pixels.height};
}

std::string recode_jpeg(const std::string& jpeg, int quality, int shrink) {
  ErrorManager errors{};
  Pixels pixels;
  const bool decoded = decode(jpeg, shrink, true, errors, pixels);
  const std::unique_ptr<unsigned char, decltype(&std::free)> owner(pixels.bytes, &std::free);
  require(decoded, errors);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const bool encoded = encode(pixels, quality, errors, &bytes, &size);
  const std::unique_ptr<unsigned char, decltype(&std::free)> result(bytes, &std::free);
  require(encoded, errors);
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

void fit_pictures(std::vector<PictureFact>& pictures, std::size_t most_bytes) {
  std::erase_if(pictures, [](const PictureFact& picture) {
    try {
      jpeg_size(picture.jpeg);
      return false;
    } catch (const Error&) {
      return true;
    }
  });
  if (bytes_of(pictures) <= most_bytes) return;
  const std::vector<PictureFact> whole = pictures;
  for (const Attempt& attempt : kAttempts) {
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      std::string smaller = recode_jpeg(whole[i].jpeg, attempt.quality, attempt.shrink);
      if (smaller.size() < whole[i].jpeg.size()) pictures[i].jpeg = std::move(smaller);
    }
    if (bytes_of(pictures) <= most_bytes) return;
  }
}

}  // namespace brickline
