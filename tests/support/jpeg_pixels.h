// The pixels of a JPEG picture, for tests.
#pragma once

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

// libjpeg's header needs size_t and FILE before it.
#include <jpeglib.h>

namespace brickline::test {

struct JpegPixels {
  int width = 0, height = 0, components = 0;
  std::vector<unsigned char> bytes;  // row after row, the first row on top
  int at(int x, int y, int c = 0) const {
    return bytes[(static_cast<std::size_t>(y) * width + x) * components + c];
  }
};

// Ends the program on a broken file, as libjpeg does.
inline JpegPixels decode_jpeg(const std::string& file) {
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&jpeg, TRUE);
  jpeg_start_decompress(&jpeg);
  JpegPixels out{
      static_cast<int>(jpeg.output_width), static_cast<int>(jpeg.output_height), jpeg.output_components, {}};
  out.bytes.resize(static_cast<std::size_t>(out.width) * out.height * out.components);
  while (jpeg.output_scanline < jpeg.output_height) {
    unsigned char* row =
        out.bytes.data() + static_cast<std::size_t>(jpeg.output_scanline) * out.width * out.components;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return out;
}

inline std::string file_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace brickline::test
