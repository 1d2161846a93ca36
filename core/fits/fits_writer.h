// Writing FITS files: composed in memory, then written under a temporary name and renamed, so that no
// half-written file is ever seen. Every HDU gets CHECKSUM and DATASUM; no clock enters a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/image.h"
#include "core/fits/header.h"
#include "core/fits/table.h"

namespace brickline::fits {

// Tile compression of one image. Tiles are 100x100, each axis enlarged while the remainder is 1..3 pixels;
// images with an axis shorter than 4 pixels are written uncompressed.
struct Compression {
  enum class Algorithm { kNone, kRice, kGzip1, kGzip2, kHcompress, kPlio };
  enum class Dither { kNone, kSubtractive1, kSubtractive2 };
  Algorithm algorithm = Algorithm::kNone;
  // CFITSIO's quantisation level: > 0 step = noise/level, < 0 absolute step, 0 lossless floats.
  float quantize_level = 0;
  Dither dither = Dither::kNone;
  // Other tiles than the above, pixels; 0: as above.
  int tile_width = 0, tile_height = 0;
};

class FitsWriter {
 public:
  FitsWriter();
  ~FitsWriter();
  FitsWriter(const FitsWriter&) = delete;
  FitsWriter& operator=(const FitsWriter&) = delete;

  // Appends HDUs in order. The first call makes the primary HDU; a compressed image or a table as the first
  // HDU is preceded by an empty primary. Structural keywords in `header` are ignored.
  void add_empty_primary(const Header& header = {});
  template <typename T>  // float, double, uint8, int16, uint16, int32, int64
  void add_image(ImageView<const T> pixels, const Header& header = {}, std::string_view extname = {},
                 const Compression& compression = {});
  // Planes stacked one below the other in `pixels` become NAXIS3 = depth.
  void add_cube(ImageView<const float> pixels, int depth, const Header& header = {},
                std::string_view extname = {});
  void add_table(const Table& table, std::string_view extname = {}, const Header& header = {});

  // The finished file's bytes; the writer is spent afterwards.
  std::string finish();
  // finish(), gzip (level 9, no name, time 0) if the name ends in ".gz", written through a temporary name in
  // the target's directory (created if needed) and renamed. Returns the SHA-256 of the bytes on disk as hex.
  std::string write(const std::filesystem::path& path);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace brickline::fits
