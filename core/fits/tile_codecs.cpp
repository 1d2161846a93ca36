#include "core/fits/tile_codecs.h"

#include <fitsio.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/error.h"
#include "core/fits/cfitsio_session.h"
#include "core/fits/cfitsio_types.h"
#include "core/fits/gzip.h"

namespace brickline::fits {
namespace {

using Bytes = std::span<const std::uint8_t>;

[[noreturn]] void damaged(std::string_view codec) {
  throw input_error("a tile's {} stream is damaged: it ends early or holds too many pixels", codec);
}

template <typename T>
T big_endian(const std::uint8_t* p) {
  T value{};
  std::uint8_t bytes[sizeof(T)];
  std::copy_n(p, sizeof(T), bytes);
  if constexpr (std::endian::native == std::endian::little) std::reverse(bytes, bytes + sizeof(T));
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

// Bits from the highest of the first byte on. Reading beyond the end gives zeros, and `overrun`.
class BitReader {
 public:
  explicit BitReader(Bytes bytes) : next_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // At most 32 bits.
  std::uint32_t bits(int n) {
    if (n == 0) return 0;
    if (held_ < n) refill();
    const auto value = static_cast<std::uint32_t>(buffer_ >> (64 - n));
    drop(n);
    return value;
  }
  // The number of zeros before the next one, which is taken too.
  std::uint32_t zeros() {
    std::uint32_t n = 0;
    while (true) {
      if (held_ < 32) refill();
      const int run = std::countl_zero(buffer_);
      if (run < held_) {
        drop(run + 1);
        return n + static_cast<std::uint32_t>(run);
      }
      n += static_cast<std::uint32_t>(held_);
      drop(held_);
      if (next_ == end_) {
        beyond_ = 1;
        return n;
      }
    }
  }
  bool overrun() const { return held_ < beyond_; }

 private:
  void drop(int n) {
    buffer_ = n < 64 ? buffer_ << n : 0;
    held_ -= n;
  }
  void refill() {
    if (end_ - next_ >= 8) {
      // Bits of the byte that is only held in part stay in the buffer and are laid over themselves next time.
      buffer_ |= big_endian<std::uint64_t>(next_) >> held_;
      next_ += (63 - held_) >> 3;
      held_ |= 56;
      return;
    }
    while (held_ <= 56) {
      if (next_ != end_)
        buffer_ |= std::uint64_t{*next_++} << (56 - held_);
      else
        beyond_ += 8;
      held_ += 8;
    }
  }
  const std::uint8_t *next_, *end_;
  std::uint64_t buffer_ = 0;   // its `held_` highest bits are valid
  int held_ = 0, beyond_ = 0;  // beyond: of the held ones, those that no byte gave
};

// Rice's code (section 10.4.1): differences of neighbours, folded to be positive, in blocks that share a
// number of bits. T is the unsigned integer of a pixel's size; differences wrap around in it.
template <typename T>
std::vector<std::int32_t> rice(Bytes packed, int block, std::size_t count) {
  constexpr int kBits = 8 * sizeof(T), kWidthBits = sizeof(T) == 1 ? 3 : sizeof(T) == 2 ? 4 : 5;
  constexpr int kVerbatim = sizeof(T) == 1 ? 6 : sizeof(T) == 2 ? 14 : 25;  // this width: not coded
  if (packed.size() < sizeof(T)) damaged("Rice");
  T last = big_endian<T>(packed.data());
  BitReader in(packed.subspan(sizeof(T)));
  std::vector<std::int32_t> out(count);
  const auto pixel = [](T value) {
    if constexpr (sizeof(T) == 1) return static_cast<std::int32_t>(value);
    return static_cast<std::int32_t>(static_cast<std::make_signed_t<T>>(value));
  };
  const auto unfolded = [](T folded) { return static_cast<T>(folded & 1 ? ~(folded >> 1) : folded >> 1); };
  for (std::size_t i = 0; i < count;) {
    const int width = static_cast<int>(in.bits(kWidthBits)) - 1;
    const std::size_t end = std::min(count, i + static_cast<std::size_t>(block));
    if (width < 0) {
      std::fill(out.begin() + static_cast<std::ptrdiff_t>(i), out.begin() + static_cast<std::ptrdiff_t>(end),
                pixel(last));
      i = end;
    } else {
      for (; i < end; ++i) {
        std::uint32_t folded = 0;
        if (width == kVerbatim) {
          folded = in.bits(kBits);
        } else {
          const std::uint32_t high = in.zeros();
          folded = (high << width) | in.bits(width);
        }
        last = static_cast<T>(last + unfolded(static_cast<T>(folded)));
        out[i] = pixel(last);
      }
    }
    if (in.overrun()) damaged("Rice");
  }
  return out;
}

// IRAF's pixel lists (section 10.4.3): 16-bit instructions that draw runs of zeros and of one current value.
std::vector<std::int32_t> plio(Bytes packed, std::size_t count) {
  const std::size_t words = packed.size() / 2;
  const auto word = [&](std::size_t i) -> int {
    if (i >= words) damaged("PLIO");
    return big_endian<std::int16_t>(packed.data() + 2 * i);
  };
  std::vector<std::int32_t> out(count);
  if (words < 3) damaged("PLIO");
  std::size_t at = 3, length = 0;
  if (word(2) > 0) {  // the older of two forms of header
    length = static_cast<std::size_t>(word(2));
  } else {
    at = static_cast<std::size_t>(std::max(0, word(1)));
    length =
        (static_cast<std::size_t>(std::max(0, word(4))) << 15) + static_cast<std::size_t>(word(3) & 0x7fff);
  }
  std::int32_t high = 1;
  std::size_t x = 0;
  const auto fill = [&](std::size_t n, std::int32_t value) {
    n = std::min(n, count - x);
    std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(x), n, value);
    x += n;
  };
  for (length = std::min(length, words); at < length && x < count; ++at) {
    const int instruction = (word(at) >> 12) & 15, data = word(at) & 4095;
    switch (instruction) {
      case 0:  // zeros
        fill(static_cast<std::size_t>(data), 0);
        break;
      case 4:  // the current value
        fill(static_cast<std::size_t>(data), high);
        break;
      case 5:  // zeros, the last pixel the current value
        if (data > 0) fill(static_cast<std::size_t>(data) - 1, 0);
        if (data > 0) fill(1, high);
        break;
      case 1:  // a new value in two words
        high = static_cast<std::int32_t>((static_cast<std::uint32_t>(word(++at)) << 12) +
                                         static_cast<std::uint32_t>(data));
        break;
      case 2:
        high += data;
        break;
      case 3:
        high -= data;
        break;
      case 6:  // and one pixel of it
        high += data;
        fill(1, high);
        break;
      case 7:
        high -= data;
        fill(1, high);
        break;
      default:
        damaged("PLIO");
    }
  }
  return out;  // what no instruction reached is zero
}

// CFITSIO's decoder, once the stream's head agrees with the tile; it gets as many zeros behind the stream as
// the largest number of bits that so many pixels may ask for.
std::vector<std::int32_t> hcompress(Bytes packed, const CodecParameters& p, std::size_t count) {
  constexpr std::size_t kHead = 2 + 3 * 4 + 8 + 3;
  constexpr std::size_t kMostPlanes = 62,
                        kMostBytesPerPixel = kMostPlanes / 4 + 2;  // 2 bits a pixel and plane
  prepare_library();
  if (packed.size() < kHead || packed[0] != 0xDD || packed[1] != 0x99) damaged("HCOMPRESS");
  const auto nx = big_endian<std::int32_t>(packed.data() + 2),
             ny = big_endian<std::int32_t>(packed.data() + 6);
  if (nx <= 0 || ny <= 0 || static_cast<std::size_t>(nx) * static_cast<std::size_t>(ny) != count)
    damaged("HCOMPRESS");
  for (std::size_t i = kHead - 3; i < kHead; ++i)
    if (packed[i] > kMostPlanes) damaged("HCOMPRESS");
  std::vector<std::uint8_t> padded(packed.begin(), packed.end());
  padded.resize(packed.size() + kMostBytesPerPixel * count + 4096);
  int width = 0, height = 0, scale = 0, status = 0;
  std::vector<std::int32_t> out(count);
  if (p.bitpix == BYTE_IMG || p.bitpix == SHORT_IMG) {
    fits_hdecompress(padded.data(), p.hcompress_smooth, out.data(), &width, &height, &scale, &status);
  } else {
    std::vector<LONGLONG> wide(count);  // packed down to 32 bits in place
    fits_hdecompress64(padded.data(), p.hcompress_smooth, wide.data(), &width, &height, &scale, &status);
    std::memcpy(out.data(), wide.data(), count * sizeof(std::int32_t));
  }
  if (status == MEMORY_ALLOCATION) throw std::bad_alloc();
  if (status) damaged("HCOMPRESS");
  return out;
}

// Numbers of one type, big-endian; `shuffled`: all highest bytes first, then all second ones ...
template <typename From, typename To>
std::vector<To> numbers(Bytes bytes, bool shuffled) {
  const std::size_t count = bytes.size() / sizeof(From);
  std::vector<To> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint8_t number[sizeof(From)];
    for (std::size_t b = 0; b < sizeof(From); ++b)
      number[b] = shuffled ? bytes[b * count + i] : bytes[i * sizeof(From) + b];
    out[i] = static_cast<To>(big_endian<From>(number));
  }
  return out;
}

TilePixels plain(Bytes bytes, bool is_integer, std::size_t count, bool shuffled, std::string_view codec) {
  const std::size_t size = count ? bytes.size() / count : 0;
  if (size * count != bytes.size()) damaged(codec);
  if (is_integer) {
    if (size == 1) return numbers<std::uint8_t, std::int32_t>(bytes, shuffled);
    if (size == 2) return numbers<std::int16_t, std::int32_t>(bytes, shuffled);
    if (size == 4) return numbers<std::int32_t, std::int32_t>(bytes, shuffled);
    if (size == 8) return numbers<std::int64_t, std::int64_t>(bytes, shuffled);
  } else {
    if (size == 4) return numbers<float, float>(bytes, shuffled);
    if (size == 8) return numbers<double, double>(bytes, shuffled);
  }
  damaged(codec);
}

TilePixels gzip(Bytes packed, bool is_integer, std::size_t count, bool shuffled) {
  constexpr std::size_t kLargestPixel = 8;
  std::vector<std::uint8_t> bytes(count * kLargestPixel);
  const auto length = gunzip(packed, bytes);
  if (!length) damaged("gzip");
  bytes.resize(*length);
  return plain(bytes, is_integer, count, shuffled, "gzip");
}

}  // namespace

std::optional<Codec> codec_of(std::string_view name) {
  if (name == "RICE_1" || name == "RICE_ONE") return Codec::kRice;
  if (name == "GZIP_1") return Codec::kGzip1;
  if (name == "GZIP_2") return Codec::kGzip2;
  if (name == "PLIO_1") return Codec::kPlio;
  if (name == "HCOMPRESS_1") return Codec::kHcompress;
  if (name == "NOCOMPRESS") return Codec::kNone;
  return {};
}

TilePixels unpack_tile(const CodecParameters& p, std::span<const std::uint8_t> packed, std::size_t count) {
  switch (p.codec) {
    case Codec::kRice:
      if (p.rice_block <= 0) break;
      if (p.rice_bytes == 1) return rice<std::uint8_t>(packed, p.rice_block, count);
      if (p.rice_bytes == 2) return rice<std::uint16_t>(packed, p.rice_block, count);
      if (p.rice_bytes == 4) return rice<std::uint32_t>(packed, p.rice_block, count);
      break;
    case Codec::kGzip1:
      return gzip(packed, p.is_integer, count, false);
    case Codec::kGzip2:
      return gzip(packed, p.is_integer, count, true);
    case Codec::kPlio:
      return plio(packed, count);
    case Codec::kHcompress:
      return hcompress(packed, p, count);
    case Codec::kNone:
      return plain(packed, p.is_integer, count, false, "uncompressed");
  }
  throw input_error("tiles packed by Rice's code with {} bytes a pixel in blocks of {} are not understood",
                    p.rice_bytes, p.rice_block);
}

}  // namespace brickline::fits
