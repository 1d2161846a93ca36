// The codecs of tile-compressed images: from a tile's packed bytes to the integers or IEEE numbers that were
// packed (FITS standard 4.0, section 10.4). Values in, values out; no file, no scaling.
//
// They are our own, but for HCOMPRESS's, because CFITSIO's decoders believe the bytes: a damaged stream makes
// them read and write beyond their buffers. Here a stream that ends early, or holds another number of pixels
// than its tile, is an Error (kInput).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace brickline::fits {

enum class Codec { kNone, kRice, kGzip1, kGzip2, kPlio, kHcompress };

// Of ZCMPTYPE's value; empty for one that the standard does not know.
std::optional<Codec> codec_of(std::string_view zcmptype);

struct CodecParameters {
  Codec codec = Codec::kRice;
  int bitpix = 16;         // of the image: ZBITPIX
  bool is_integer = true;  // the packed pixels are integers: those of integer images and quantised ones
  int rice_block = 32;     // pixels that share one number of bits (ZVALi of BLOCKSIZE)
  int rice_bytes = 4;      // of a pixel as Rice packs it: 1, 2, 4 (ZVALi of BYTEPIX)
  bool hcompress_smooth = false;  // ZVALi of SMOOTH
};

// As they were packed: bytes unsigned, all others signed.
using TilePixels = std::variant<std::vector<std::int32_t>, std::vector<std::int64_t>, std::vector<float>,
                                std::vector<double>>;

// The `count` pixels of one tile, fastest axis first.
TilePixels unpack_tile(const CodecParameters& parameters, std::span<const std::uint8_t> packed,
                       std::size_t count);

}  // namespace brickline::fits
