// A JPEG picture of noise, which is as large as they get.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

// libjpeg's header needs size_t and FILE before it.
#include <jpeglib.h>

namespace brickline::test {

inline std::string jpeg_of_noise(int width, int height, int amplitude, unsigned seed, int quality = 75) {
  jpeg_compress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  std::minstd_rand random(seed);
  std::vector<unsigned char> row(static_cast<std::size_t>(width) * 3);
  while (jpeg.next_scanline < jpeg.image_height) {
    for (unsigned char& v : row) {  // roughly bell-shaped
      const auto r = static_cast<int>(random());
      const int sum = (r & 255) + (r >> 8 & 255) + (r >> 16 & 255);
      v = static_cast<unsigned char>(std::min(255, std::max(0, 60 + (sum - 382) * amplitude / 128)));
    }
    unsigned char* line = row.data();
    jpeg_write_scanlines(&jpeg, &line, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string out(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return out;
}

}  // namespace brickline::test
