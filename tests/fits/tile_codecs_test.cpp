// The codecs against streams worked out by hand, and against damaged ones.
#include "core/fits/tile_codecs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/fits/gzip.h"

namespace brickline::fits {
namespace {

using ::testing::ElementsAre;
using Bytes = std::vector<std::uint8_t>;

std::vector<std::int32_t> integers(const CodecParameters& p, const Bytes& packed, std::size_t count) {
  return std::get<std::vector<std::int32_t>>(unpack_tile(p, packed, count));
}

Bytes gzipped_bytes(const std::string& plain) {
  const std::string packed = gzipped(plain);
  return Bytes(packed.begin(), packed.end());
}

CodecParameters rice(int bytes, int block = 32) {
  CodecParameters p;
  p.codec = Codec::kRice;
  p.rice_bytes = bytes;
  p.rice_block = block;
  return p;
}

TEST(Rice, AWidthOfZeroBitsRepeatsTheFirstPixel) {
  // 5 bits of zero: a block without differences.
  EXPECT_THAT(integers(rice(4), {0, 0, 1, 2, 0x00}, 3), ElementsAre(258, 258, 258));
  EXPECT_THAT(integers(rice(2), {0xff, 0xfe, 0x00}, 2), ElementsAre(-2, -2));
  EXPECT_THAT(integers(rice(1), {0xfe, 0x00}, 2), ElementsAre(254, 254));
}

TEST(Rice, DifferencesAreFoldedAndSplit) {
  // Width 1 (coded as 2 in 5 bits: 00010), pixels 10, 11, 9: differences 0, +1, -2, folded 0, 2, 3, each a
  // unary high part and one low bit: "1"+"0", "01"+"0", "01"+"1".  00010 10 010 011 -> 0001 0100 1001 1000
  EXPECT_THAT(integers(rice(4), {0, 0, 0, 10, 0x14, 0x98}, 3), ElementsAre(10, 11, 9));
}

TEST(Rice, WideDifferencesAreVerbatim) {
  // 1 byte a pixel: 3 bits of width, 7 stands for verbatim 8-bit folded differences: 111 00000000 00000110
  // (0, +3)
  EXPECT_THAT(integers(rice(1), {200, 0xe0, 0x00, 0xc0}, 2), ElementsAre(200, 203));
}

TEST(Plio, InstructionsDrawRuns) {
  CodecParameters p;
  p.codec = Codec::kPlio;
  const auto list = [](std::vector<int> instructions) {
    std::vector<int> words = {0, 7, -100, static_cast<int>(7 + instructions.size()), 0, 0, 0};
    words.insert(words.end(), instructions.begin(), instructions.end());
    Bytes bytes;
    for (const int w : words) {
      bytes.push_back(static_cast<std::uint8_t>((w >> 8) & 255));
      bytes.push_back(static_cast<std::uint8_t>(w & 255));
    }
    return bytes;
  };
  // 2 zeros; 3 of value 1; value 1+4; two zeros and one 5; one 5-3; the rest zero.
  EXPECT_THAT(integers(p, list({0x0002, 0x4003, 0x2004, 0x5003, 0x7003}), 12),
              ElementsAre(0, 0, 1, 1, 1, 0, 0, 5, 2, 0, 0, 0));
  // A value of two words: 3 * 4096 + 7.
  EXPECT_THAT(integers(p, list({0x1007, 0x0003, 0x4002}), 2), ElementsAre(12295, 12295));
  EXPECT_THROW(integers(p, list({0x1007}), 2), Error);  // its second word is missing
}

TEST(Gzip2, BytesComeSortedByTheirPlace) {
  CodecParameters p;
  p.codec = Codec::kGzip2;
  EXPECT_THAT(integers(p, gzipped_bytes(std::string("\1\xff\1\x2c\xfe\2", 6)), 3), ElementsAre(300, -2, 258));
  p.codec = Codec::kGzip1;
  EXPECT_THAT(integers(p, gzipped_bytes(std::string("\1\x2c\xff\xfe", 4)), 2), ElementsAre(300, -2));
  EXPECT_THROW(integers(p, gzipped_bytes("abc"), 2), Error);  // no whole number of bytes a pixel
  p.is_integer = false;
  EXPECT_THAT(std::get<std::vector<float>>(unpack_tile(p, gzipped_bytes(std::string("\x3f\xc0\0\0", 4)), 1)),
              ElementsAre(1.5f));
}

// Whatever the bytes, the tile is whole or an Error says that it is not.
TEST(Codecs, DamagedStreamsNeverReachBeyondTheirBuffers) {
  const std::size_t count = 100;
  unsigned state = 1;
  const auto random = [&] {
    return static_cast<std::uint8_t>((state = state * 1664525u + 1013904223u) >> 24);
  };
  const Bytes hcompress_head = {0xDD, 0x99, 0, 0, 0, 10, 0, 0, 0, 10, 0, 0, 0,
                                1,    0,    0, 0, 0, 0,  0, 0, 9, 5,  4, 3};
  for (const Codec codec :
       {Codec::kRice, Codec::kGzip1, Codec::kGzip2, Codec::kPlio, Codec::kHcompress, Codec::kNone})
    for (const int rice_bytes : {1, 2, 4, 8})
      for (int round = 0; round < 300; ++round) {
        CodecParameters p;
        p.codec = codec;
        p.rice_bytes = rice_bytes;
        p.bitpix = round % 2 ? 16 : 32;
        p.hcompress_smooth = round % 3 == 0;
        Bytes packed;
        if (codec == Codec::kHcompress && round % 4) packed = hcompress_head;
        if ((codec == Codec::kGzip1 || codec == Codec::kGzip2) && round % 4)
          packed = gzipped_bytes(std::string(400, 'x'));
        const std::size_t more = random();
        for (std::size_t i = 0; i < more; ++i) packed.push_back(random());
        if (round % 5 == 0 && !packed.empty()) packed[random() % packed.size()] = random();
        try {
          const TilePixels pixels = unpack_tile(p, packed, count);
          EXPECT_EQ(std::visit([](const auto& v) { return v.size(); }, pixels), count);
        } catch (const Error& e) {
          EXPECT_EQ(e.kind(), ErrorKind::kInput);
        }
      }
}

TEST(Codecs, AnHcompressedTileOfAnotherSizeIsRefused) {
  CodecParameters p;
  p.codec = Codec::kHcompress;
  Bytes packed = {0xDD, 0x99, 0, 0, 0, 10, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0};
  packed.resize(200);
  EXPECT_NO_THROW(unpack_tile(p, packed, 100));
  EXPECT_THROW(unpack_tile(p, packed, 99), Error);
  packed[3] = 1;  // 10 + 65536 rows, for which there is no room
  EXPECT_THROW(unpack_tile(p, packed, 100), Error);
}

}  // namespace
}  // namespace brickline::fits
