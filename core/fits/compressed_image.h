// Tile-compressed images (FITS standard 4.0, section 10): one row of a table per tile. Private to this room.
//
// What a stored number means, in this order:
// - floating-point images are quantised if the HDU has ZSCALE (a column or a card) and ZQUANTIZ is not
// 'NONE':
//   value = ZZERO + ZSCALE * (I - r + 1/2), where r is the dither of the pixel (section 10.2.1), or without
//   dither (no ZQUANTIZ, or another value) ZZERO + ZSCALE * I. SUBTRACTIVE_DITHER_2 stores zeros as
//   -2147483646. Without ZSCALE they were packed as they are.
// - a tile that is empty in COMPRESSED_DATA was not worth quantising: its numbers are gzipped in
//   GZIP_COMPRESSED_DATA, or plain in UNCOMPRESSED_DATA.
// - integers equal to ZBLANK (column, else card) or else BLANK are no numbers: NaN.
// - BSCALE and BZERO are applied last, to integers and floating-point numbers alike.
//
// CFITSIO reads these, too, but it carries what one HDU said about quantisation over to others, and it makes
// numbers of what is blank unless it is told a value for it, which then stands for infinities and tiny
// numbers as well.
#pragma once

#include <fitsio.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fits/tile_codecs.h"

namespace brickline::fits {

enum class DitherMethod { kNone, kSubtractive1, kSubtractive2 };

// A number that a column holds per tile, or a card for all.
struct TileNumber {
  int column = 0;  // CFITSIO's, from 1; 0: none
  std::optional<double> constant;
  bool stated() const { return column > 0 || constant.has_value(); }
};

// The layout of the compressed image in the current HDU.
struct CompressedImage {
  std::vector<std::int64_t> axes, tile;  // pixels, fastest axis first
  CodecParameters parameters;
  int bitpix = 0;
  bool quantised = false;
  DitherMethod dither = DitherMethod::kNone;
  std::int64_t dither_seed = 1;
  TileNumber scale, zero, blank;
  double bscale = 1, bzero = 0;
  int packed_column = 0, gzip_column = 0, plain_column = 0;
  std::int64_t heap_bytes = 0;
};

// Error (kInput), without the file, where the HDU breaks the standard.
CompressedImage compressed_image(fitsfile* file);

// The pixels first[i] <= x[i] < last[i] of each axis i. A pixel without a number is NaN; where T is an
// integer, that and a value beyond its range is an Error, but a blank integer stays what is stored.
template <typename T>
std::vector<T> read_compressed(fitsfile* file, const CompressedImage& image,
                               const std::vector<std::int64_t>& first, const std::vector<std::int64_t>& last);

}  // namespace brickline::fits
