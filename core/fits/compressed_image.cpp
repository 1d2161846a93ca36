#include "core/fits/compressed_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "core/base/error.h"
#include "core/fits/card_index.h"
#include "core/fits/cfitsio_types.h"

namespace brickline::fits {
namespace {

void check(int status, std::string_view doing) {
  if (status) throw cfitsio_error(ErrorKind::kInput, status, doing);
}

std::int64_t positive_card(const CardIndex& cards, const std::string& key) {
  const auto value = cards.integer(key);
  if (!value || *value <= 0) throw input_error("a compressed image needs a positive {}", key);
  return *value;
}

int column_of(fitsfile* file, const char* name) {
  std::string pattern = name;
  int number = 0, status = 0;
  fits_get_colnum(file, CASEINSEN, pattern.data(), &number, &status);
  return status == 0 || status == COL_NOT_UNIQUE ? number : 0;
}

TileNumber tile_number(fitsfile* file, const CardIndex& cards, const char* name) {
  TileNumber out;
  out.column = column_of(file, name);
  if (!out.column) out.constant = cards.number(name);
  return out;
}

double value_of(fitsfile* file, const TileNumber& number, std::int64_t row, double otherwise) {
  if (!number.column) return number.constant.value_or(otherwise);
  double value = otherwise;
  int status = 0;
  fits_read_col(file, TDOUBLE, number.column, row, 1, 1, nullptr, &value, nullptr, &status);
  check(status, fmt::format("cannot read the scale of tile {}", row));
  return value;
}

// The parameters of the codecs stand in pairs of cards, ZNAMEi and ZVALi; in files from before the names
// Rice's block comes first and its bytes second.
void read_codec_parameters(const CardIndex& cards, CodecParameters& p) {
  const auto value = [&](const std::string& key, int otherwise) {
    const auto stated = cards.integer(key);
    return static_cast<int>(std::clamp<std::int64_t>(stated.value_or(otherwise), 0, 1 << 20));
  };
  bool named = false;
  for (int i = 1; i <= 99; ++i) {
    const auto name = cards.text(fmt::format("ZNAME{}", i));
    if (!name) break;
    named = true;
    const std::string key = fmt::format("ZVAL{}", i);
    if (*name == "BLOCKSIZE") p.rice_block = value(key, p.rice_block);
    if (*name == "BYTEPIX") p.rice_bytes = value(key, p.rice_bytes);
    if (*name == "SMOOTH") p.hcompress_smooth = value(key, 0) != 0;
  }
  if (named || p.codec != Codec::kRice) return;
  p.rice_block = value("ZVAL1", p.rice_block);
  p.rice_bytes = value("ZVAL2", p.rice_bytes);
}

// The 10000 offsets in [0, 1) that all dithering uses: Park and Miller's generator (section 10.2.1 and
// appendix I).
const std::vector<float>& dither_offsets() {
  static const std::vector<float> offsets = [] {
    constexpr int kCount = 10000;
    constexpr double kMultiplier = 16807, kModulus = 2147483647;
    std::vector<float> out(kCount);
    double seed = 1;
    for (float& offset : out) {
      const double next = kMultiplier * seed;
      seed = next - kModulus * std::floor(next / kModulus);
      offset = static_cast<float>(seed / kModulus);
    }
    return out;
  }();
  return offsets;
}

// Goes through the offsets as the packer did: from a place that the tile's number decides.
class Dither {
 public:
  Dither(std::int64_t row, std::int64_t seed) : offsets_(dither_offsets()) {
    const auto count = static_cast<std::int64_t>(offsets_.size());
    const std::int64_t start = (row - 1 + seed - 1) % count;
    start_ = static_cast<std::size_t>(start < 0 ? start + count : start);
    jump();
  }
  double next() {
    const double offset = offsets_[at_];
    if (++at_ == offsets_.size()) {
      if (++start_ == offsets_.size()) start_ = 0;
      jump();
    }
    return offset;
  }

 private:
  void jump() { at_ = static_cast<std::size_t>(offsets_[start_] * 500); }
  const std::vector<float>& offsets_;
  std::size_t start_ = 0, at_ = 0;
};

// A value as T. An integer's fraction is cut off, as CFITSIO does.
template <typename T>
T as(double value) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else {
    constexpr double kFirst = static_cast<double>(std::numeric_limits<T>::min());
    // The first number beyond, which a double holds exactly.
    const double beyond = std::ldexp(1.0, std::numeric_limits<T>::digits);
    const double whole = std::trunc(value);
    if (!(whole >= kFirst && whole < beyond))
      throw input_error("a pixel's value of {} does not fit the integers that are wanted", value);
    return static_cast<T>(whole);
  }
}

template <typename T>
constexpr T kBlank = std::is_floating_point_v<T> ? std::numeric_limits<T>::quiet_NaN() : T{};

struct Scaling {
  double scale = 1, zero = 0;
  bool identity() const { return scale == 1 && zero == 0; }
};

// Integers, dithered or not, become values.
template <typename T, typename Stored>
void scaled_integers(const std::vector<Stored>& in, const CompressedImage& image, std::int64_t row,
                     bool dithered, const Scaling& s, std::optional<std::int64_t> blank, T* out) {
  if constexpr (!std::is_floating_point_v<T>) blank.reset();
  if (dithered) {
    constexpr std::int64_t kZero = -2147483646;
    const bool zeros = image.dither == DitherMethod::kSubtractive2;
    Dither dither(row, image.dither_seed);
    for (std::size_t i = 0; i < in.size(); ++i) {
      const double offset = dither.next();
      const auto stored = static_cast<std::int64_t>(in[i]);
      if (blank && stored == *blank)
        out[i] = kBlank<T>;
      else if (zeros && stored == kZero)
        out[i] = T{};
      else
        out[i] = as<T>((static_cast<double>(stored) - offset + 0.5) * s.scale + s.zero);
    }
    return;
  }
  // Offsets alone (BZERO of unsigned integers) need no detour through doubles, which would cut 64-bit ones.
  const bool shifted = s.scale == 1 && s.zero == std::floor(s.zero) && std::abs(s.zero) < 9e15;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const auto stored = static_cast<std::int64_t>(in[i]);
    if (blank && stored == *blank)
      out[i] = kBlank<T>;
    else if (s.identity() && std::is_floating_point_v<T>)
      out[i] = static_cast<T>(stored);
    else if (shifted && !std::is_floating_point_v<T> && std::abs(static_cast<double>(stored)) < 9e18) {
      const std::int64_t value = stored + static_cast<std::int64_t>(s.zero);
      if (!std::in_range<std::conditional_t<std::is_floating_point_v<T>, std::int64_t, T>>(value))
        throw input_error("a pixel's value of {} does not fit the integers that are wanted", value);
      out[i] = static_cast<T>(value);
    } else {
      out[i] = as<T>(static_cast<double>(stored) * s.scale + s.zero);
    }
  }
}

template <typename T, typename Stored>
void scaled_reals(const std::vector<Stored>& in, const Scaling& s, T* out) {
  if (s.identity())
    for (std::size_t i = 0; i < in.size(); ++i) out[i] = as<T>(in[i]);
  else
    for (std::size_t i = 0; i < in.size(); ++i) out[i] = as<T>(static_cast<double>(in[i]) * s.scale + s.zero);
}

struct Cell {
  std::int64_t count = 0;
  std::vector<std::uint8_t> bytes;
};

// The bytes of a cell of variable length, as they are in the file.
Cell cell_of(fitsfile* file, const CompressedImage& image, int column, std::int64_t row) {
  Cell cell;
  LONGLONG count = 0, offset = 0;
  int status = 0, type = 0;
  fits_read_descriptll(file, column, row, &count, &offset, &status);
  check(status, fmt::format("cannot find the bytes of tile {}", row));
  fits_get_coltype(file, column, &type, nullptr, nullptr, &status);
  const std::int64_t size = -type == TSHORT ? 2 : 1;
  if (count < 0 || offset < 0 || count > (image.heap_bytes - offset) / size)
    throw input_error("the bytes of tile {} lie outside the table's heap", row);
  cell.count = count;
  if (count == 0) return cell;
  cell.bytes.resize(static_cast<std::size_t>(count * size));
  if (size == 1) {
    fits_read_col(file, TBYTE, column, row, 1, count, nullptr, cell.bytes.data(), nullptr, &status);
  } else {
    std::vector<std::int16_t> words(static_cast<std::size_t>(count));
    fits_read_col(file, TSHORT, column, row, 1, count, nullptr, words.data(), nullptr, &status);
    for (std::size_t i = 0; i < words.size(); ++i) {
      cell.bytes[2 * i] = static_cast<std::uint8_t>(static_cast<std::uint16_t>(words[i]) >> 8);
      cell.bytes[2 * i + 1] = static_cast<std::uint8_t>(words[i] & 0xff);
    }
  }
  check(status, fmt::format("cannot read the bytes of tile {}", row));
  return cell;
}

// What is in UNCOMPRESSED_DATA, in files from before 2011.
std::vector<double> plain_cell(fitsfile* file, const CompressedImage& image, std::int64_t row,
                               std::size_t count) {
  LONGLONG stored = 0, offset = 0;
  int status = 0;
  fits_read_descriptll(file, image.plain_column, row, &stored, &offset, &status);
  check(status, fmt::format("cannot find the pixels of tile {}", row));
  if (stored != static_cast<LONGLONG>(count))
    throw input_error("tile {} has {} pixels, not {}", row, stored, count);
  std::vector<double> values(count);
  fits_read_col(file, TDOUBLE, image.plain_column, row, 1, stored, nullptr, values.data(), nullptr, &status);
  check(status, fmt::format("cannot read the pixels of tile {}", row));
  return values;
}

// All pixels of the tile in that row (from 1).
template <typename T>
void read_tile(fitsfile* file, const CompressedImage& image, std::int64_t row, std::vector<T>& out) {
  const Scaling card_scaling{image.bscale, image.bzero};
  const Cell packed = cell_of(file, image, image.packed_column, row);
  if (packed.count == 0) {  // left as it was
    if (image.gzip_column) {
      CodecParameters p = image.parameters;
      p.codec = Codec::kGzip1;
      p.is_integer = image.bitpix > 0;
      const Cell cell = cell_of(file, image, image.gzip_column, row);
      if (cell.count > 0) {
        const TilePixels pixels = unpack_tile(p, cell.bytes, out.size());
        std::visit([&](const auto& v) { scaled_reals(v, card_scaling, out.data()); }, pixels);
        return;
      }
    }
    if (!image.plain_column) throw input_error("tile {} is nowhere in the file", row);
    scaled_reals(plain_cell(file, image, row, out.size()), card_scaling, out.data());
    return;
  }
  Scaling s{value_of(file, image.scale, row, 1), value_of(file, image.zero, row, 0)};
  const bool is_float = image.bitpix < 0;
  if (s.identity() && !is_float) {
    s = card_scaling;
  } else if (!card_scaling.identity()) {
    if (is_float) s = {s.scale * card_scaling.scale, s.zero * card_scaling.scale + card_scaling.zero};
  }
  std::optional<std::int64_t> blank;
  if (image.blank.stated()) {
    const double value = value_of(file, image.blank, row, 0);
    if (std::abs(value) < 9.3e18 && value == std::floor(value)) blank = static_cast<std::int64_t>(value);
  }
  // The packer of pixel lists makes unsigned 16-bit integers of signed ones by itself.
  constexpr double kUnsignedOffset = 32768;
  if (image.parameters.codec == Codec::kPlio && image.bzero == kUnsignedOffset) s.zero -= kUnsignedOffset;
  const TilePixels pixels = unpack_tile(image.parameters, packed.bytes, out.size());
  std::visit(
      [&](const auto& v) {
        using Stored = typename std::decay_t<decltype(v)>::value_type;
        if constexpr (std::is_floating_point_v<Stored>)
          scaled_reals(v, s, out.data());
        else
          scaled_integers(v, image, row, image.quantised && image.dither != DitherMethod::kNone, s, blank,
                          out.data());
      },
      pixels);
}

}  // namespace

CompressedImage compressed_image(fitsfile* file) {
  CompressedImage image;
  const CardIndex cards(file);
  const std::string name = cards.text("ZCMPTYPE").value_or("");
  const auto codec = codec_of(name);
  if (!codec) throw input_error("images compressed by ZCMPTYPE = '{}' cannot be read", name);
  CodecParameters& p = image.parameters;
  p.codec = *codec;
  image.bitpix = p.bitpix = static_cast<int>(cards.integer("ZBITPIX").value_or(0));
  static constexpr std::array kBitpix = {8, 16, 32, 64, -32, -64};
  if (std::find(kBitpix.begin(), kBitpix.end(), image.bitpix) == kBitpix.end())
    throw input_error("a compressed image with ZBITPIX = {}", image.bitpix);
  read_codec_parameters(cards, p);

  const std::int64_t dimensions = positive_card(cards, "ZNAXIS");
  if (dimensions > MAX_COMPRESS_DIM) throw input_error("a compressed image of {} axes", dimensions);
  std::int64_t tiles = 1, pixels = 1;
  for (int i = 1; i <= dimensions; ++i) {
    constexpr std::int64_t kLongest = 1 << 24;
    image.axes.push_back(positive_card(cards, fmt::format("ZNAXIS{}", i)));
    const auto tile = cards.integer(fmt::format("ZTILE{}", i));
    if (image.axes.back() > kLongest)
      throw input_error("a compressed image's axis of {} pixels", image.axes.back());
    image.tile.push_back(
        std::clamp<std::int64_t>(tile.value_or(i == 1 ? image.axes.back() : 1), 0, image.axes.back()));
    if (image.tile.back() == 0) throw input_error("a compressed image needs a positive ZTILE{}", i);
    tiles *= (image.axes.back() - 1) / image.tile.back() + 1;
    pixels *= image.axes.back();
    constexpr std::int64_t kMost = std::int64_t{1} << 36;
    if (pixels > kMost)
      throw input_error("a compressed image of {} pixels and more is beyond reason", pixels);
  }
  LONGLONG rows = 0;
  int status = 0;
  fits_get_num_rowsll(file, &rows, &status);
  check(status, "cannot count the tiles");
  if (rows != tiles)
    throw input_error("a compressed image of {} tiles with {} of them in its table", tiles, rows);
  const auto start = cards.integer("THEAP"), width = cards.integer("NAXIS1");
  image.heap_bytes = cards.integer("PCOUNT").value_or(0);
  if (start && width) image.heap_bytes -= std::max<std::int64_t>(0, *start - *width * rows);

  image.packed_column = column_of(file, "COMPRESSED_DATA");
  image.gzip_column = column_of(file, "GZIP_COMPRESSED_DATA");
  image.plain_column = column_of(file, "UNCOMPRESSED_DATA");
  if (!image.packed_column) throw input_error("a compressed image has no column COMPRESSED_DATA");
  image.scale = tile_number(file, cards, "ZSCALE");
  image.zero = tile_number(file, cards, "ZZERO");
  image.blank = tile_number(file, cards, "ZBLANK");
  if (!image.blank.stated()) image.blank.constant = cards.number("BLANK");
  image.bscale = cards.number("BSCALE").value_or(1);
  image.bzero = cards.number("BZERO").value_or(0);

  const std::string quantiz = cards.text("ZQUANTIZ").value_or("");
  image.quantised = image.bitpix < 0 && image.scale.stated() && quantiz != "NONE";
  if (quantiz == "SUBTRACTIVE_DITHER_1") image.dither = DitherMethod::kSubtractive1;
  if (quantiz == "SUBTRACTIVE_DITHER_2") image.dither = DitherMethod::kSubtractive2;
  image.dither_seed = cards.integer("ZDITHER0").value_or(1);
  p.is_integer = image.bitpix > 0 || image.quantised;
  const bool keeps_reals = p.codec == Codec::kGzip1 || p.codec == Codec::kGzip2 || p.codec == Codec::kNone;
  if (!p.is_integer && !keeps_reals)
    throw input_error("floating-point pixels packed by {} without a ZSCALE have no meaning", name);
  return image;
}

template <typename T>
std::vector<T> read_compressed(fitsfile* file, const CompressedImage& image,
                               const std::vector<std::int64_t>& first,
                               const std::vector<std::int64_t>& last) {
  const std::size_t n = image.axes.size();
  std::vector<std::int64_t> tile_first(n), tile_last(n), stride(n), at(n);  // of tiles, tiles per axis
  std::int64_t total = 1;
  for (std::size_t i = 0; i < n; ++i) {
    tile_first[i] = first[i] / image.tile[i];
    tile_last[i] = (last[i] - 1) / image.tile[i] + 1;
    stride[i] = i == 0 ? 1 : stride[i - 1] * ((image.axes[i - 1] - 1) / image.tile[i - 1] + 1);
    total *= last[i] - first[i];
  }
  std::vector<T> out(static_cast<std::size_t>(total)), tile;
  at = tile_first;
  while (true) {
    // The tile's own extent, and what of it is wanted.
    std::int64_t row = 1;
    std::vector<std::int64_t> begin(n), size(n), from(n), to(n);
    std::int64_t pixels = 1;
    for (std::size_t i = 0; i < n; ++i) {
      row += at[i] * stride[i];
      begin[i] = at[i] * image.tile[i];
      size[i] = std::min(image.tile[i], image.axes[i] - begin[i]);
      from[i] = std::max(begin[i], first[i]);
      to[i] = std::min(begin[i] + size[i], last[i]);
      pixels *= size[i];
    }
    tile.resize(static_cast<std::size_t>(pixels));
    read_tile(file, image, row, tile);
    // Runs along the first axis.
    std::vector<std::int64_t> p = from;
    for (bool more = true; more;) {
      std::int64_t source = 0, target = 0, source_stride = 1, target_stride = 1;
      for (std::size_t i = 0; i < n; ++i) {
        source += (p[i] - begin[i]) * source_stride;
        target += (p[i] - first[i]) * target_stride;
        source_stride *= size[i];
        target_stride *= last[i] - first[i];
      }
      std::copy_n(tile.data() + source, to[0] - from[0], out.data() + target);
      more = false;
      for (std::size_t i = 1; i < n && !more; ++i) {
        if (++p[i] < to[i])
          more = true;
        else
          p[i] = from[i];
      }
    }
    std::size_t i = 0;
    for (; i < n; ++i) {
      if (++at[i] < tile_last[i]) break;
      at[i] = tile_first[i];
    }
    if (i == n) break;
  }
  return out;
}

#define BRICKLINE_READ(T)                                                       \
  template std::vector<T> read_compressed<T>(fitsfile*, const CompressedImage&, \
                                             const std::vector<std::int64_t>&,  \
                                             const std::vector<std::int64_t>&);
BRICKLINE_READ(float)
BRICKLINE_READ(double)
BRICKLINE_READ(std::uint8_t)
BRICKLINE_READ(std::int16_t)
BRICKLINE_READ(std::uint16_t)
BRICKLINE_READ(std::int32_t)
BRICKLINE_READ(std::int64_t)
#undef BRICKLINE_READ

}  // namespace brickline::fits
