// JPEG files in memory: bytes to pixels and back, the same bytes for the same pixels. Baseline, chroma 4:2:0, by libjpeg,
// whose errors become exceptions here and nowhere else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brickline {

// Rows from the top, `components` bytes a pixel: 1 is grey, 3 red, green and blue.
struct PictureBytes {
  int width = 0, height = 0, components = 3;
  std::vector<unsigned char> bytes;
};

struct JpegOptions {
  int quality = 75;              // as the published pictures
  int dpi = 100;                 // 0: no word of it
  bool optimize_coding = false;  // smaller files, slower
};

// std::bad_alloc where memory is wanting; Error (kInput) where JPEG has no such size.
std::string encode_jpeg(const PictureBytes& picture, const JpegOptions& options);

// At 1/shrink of its size (1, 2, 4 or 8). Error (kInput) for what is no JPEG; std::bad_alloc.
PictureBytes decode_jpeg(std::string_view jpeg, int shrink = 1);

// Without decoding it: no bytes are returned. Error (kInput) likewise.
PictureBytes jpeg_dimensions(std::string_view jpeg);

}  // namespace brickline
