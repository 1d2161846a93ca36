#include "core/fits/cut_file.h"

#include <fitsio.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/fits/column_types.h"

namespace brickline::fits {
namespace {

constexpr std::size_t kBlock = 2880, kCard = 80;

std::size_t padded(std::size_t n) { return (n + kBlock - 1) / kBlock * kBlock; }

// One HDU of the file's bytes.
struct Hdu {
  std::string header;     // whole blocks
  std::string_view data;  // without what pads it
  // The card of that keyword; npos if there is none.
  std::size_t find(std::string_view key) const {
    std::string begin(key);
    begin.resize(8, ' ');
    for (std::size_t at = 0; at + kCard <= header.size(); at += kCard) {
      if (header.compare(at, 8, begin) == 0 && header.compare(at + 8, 2, "= ") == 0) return at;
      if (header.compare(at, kCard, std::string("END") + std::string(77, ' ')) == 0) break;
    }
    return std::string::npos;
  }
  std::string text(std::string_view key) const {
    const std::size_t at = find(key);
    if (at == std::string::npos) return {};
    std::string value = header.substr(at + 10, 70);
    const auto first = value.find_first_not_of(' ');
    if (first == std::string::npos) return {};
    value.erase(0, first);
    if (value.front() == '\'') {
      value = value.substr(1, value.find('\'', 1) - 1);
    } else {
      value = value.substr(0, value.find('/'));
    }
    value.erase(value.find_last_not_of(' ') + 1);
    return value;
  }
  std::int64_t number(std::string_view key, std::int64_t otherwise) const {
    const std::string value = text(key);
    std::int64_t out = otherwise;
    std::from_chars(value.data(), value.data() + value.size(), out);
    return out;
  }
  void set(std::string_view key, std::int64_t value) {
    if (const std::size_t at = find(key); at != std::string::npos)
      header.replace(at + 10, 20, fmt::format("{:>20}", value));
  }
  bool is_compressed_image() const {
    return text("XTENSION") == "BINTABLE" && text("ZIMAGE") == "T" && number("ZNAXIS", 0) == 2;
  }
  bool is_image() const { return text("XTENSION") == "IMAGE" || find("SIMPLE") != std::string::npos; }
};

// The HDUs of a file; false if its bytes are none. What follows the last of them, as CFITSIO reads files (bytes that do
// not begin an extension), is left out.
bool split(std::string_view bytes, std::vector<Hdu>& hdus) {
  std::size_t at = 0;
  while (at + kBlock <= bytes.size()) {
    if (at > 0 && bytes.substr(at, 8) != "XTENSION") break;
    Hdu hdu;
    const std::size_t begin = at;
    for (bool ended = false; !ended;) {
      if (at + kBlock > bytes.size()) return false;
      for (std::size_t card = at; card < at + kBlock && !ended; card += kCard)
        ended = bytes.substr(card, 8) == "END     ";
      at += kBlock;
    }
    hdu.header = bytes.substr(begin, at - begin);
    if (hdus.empty() && hdu.find("SIMPLE") == std::string::npos) return false;
    std::int64_t size = hdu.number("NAXIS", 0) > 0 ? 1 : 0;
    for (std::int64_t axis = 1; axis <= hdu.number("NAXIS", 0); ++axis) {
      const std::int64_t n = hdu.number(fmt::format("NAXIS{}", axis), 0);
      if (n < 0 || n > (std::int64_t{1} << 40) || size > (std::int64_t{1} << 40)) return false;
      size *= n;
    }
    const std::int64_t extra = hdu.number("PCOUNT", 0), groups = hdu.number("GCOUNT", 1);
    if (extra < 0 || extra > (std::int64_t{1} << 40) || groups != 1) return false;
    size = (size + extra) * (std::abs(hdu.number("BITPIX", 8)) / 8);
    if (size < 0 || at + static_cast<std::size_t>(size) > bytes.size()) return false;
    hdu.data = bytes.substr(at, static_cast<std::size_t>(size));
    at += padded(static_cast<std::size_t>(size));
    hdus.push_back(std::move(hdu));
  }
  return !hdus.empty();
}

// A column of descriptors of what is in the heap.
struct VariableColumn {
  std::size_t offset = 0;   // in a row
  bool wide = false;        // descriptors of two 64-bit numbers
  std::size_t element = 1;  // bytes
};

// False for a table whose columns are not understood.
bool find_columns(const Hdu& hdu, std::size_t row_bytes, std::vector<VariableColumn>& columns) {
  std::size_t offset = 0;
  for (std::int64_t i = 1; i <= hdu.number("TFIELDS", 0); ++i) {
    const std::string form = hdu.text(fmt::format("TFORM{}", i));
    std::size_t repeat = 1, at = 0;
    if (const auto [end, code] = std::from_chars(form.data(), form.data() + form.size(), repeat);
        code == std::errc())
      at = static_cast<std::size_t>(end - form.data());
    if (at >= form.size()) return false;
    const char type = form[at];
    if (type == 'P' || type == 'Q') {
      const std::size_t element =
          at + 1 < form.size() ? static_cast<std::size_t>(bytes_of_type(form[at + 1])) : 0;
      if (element == 0 || repeat != 1) return false;
      columns.push_back({offset, type == 'Q', element});
      offset += type == 'Q' ? 16 : 8;
    } else {
      if (static_cast<std::size_t>(bytes_of_type(type)) == 0) return false;
      offset += repeat * static_cast<std::size_t>(bytes_of_type(type));
    }
  }
  return offset == row_bytes && !columns.empty();
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}
void put_big_endian(std::string& bytes, std::size_t at, std::size_t count, std::uint64_t value) {
  for (std::size_t i = count; i-- > 0; value >>= 8) bytes[at + i] = static_cast<char>(value & 0xff);
}

// The data of a compressed image without the tiles that do not touch the box; false if they are to stay.
bool cut_tiles(Hdu& hdu, const Box& box, std::string& out) {
  const auto row_bytes = static_cast<std::size_t>(hdu.number("NAXIS1", 0)),
             rows = static_cast<std::size_t>(hdu.number("NAXIS2", 0));
  const std::int64_t width = hdu.number("ZNAXIS1", 0), height = hdu.number("ZNAXIS2", 0),
                     tile_width = hdu.number("ZTILE1", width), tile_height = hdu.number("ZTILE2", 1);
  if (width <= 0 || height <= 0 || tile_width <= 0 || tile_height <= 0) return false;
  const std::int64_t across = (width + tile_width - 1) / tile_width,
                     up = (height + tile_height - 1) / tile_height;
  const std::size_t table = row_bytes * rows,
                    heap = static_cast<std::size_t>(hdu.number("THEAP", static_cast<std::int64_t>(table)));
  std::vector<VariableColumn> columns;
  if (static_cast<std::int64_t>(rows) != across * up || heap < table || heap > hdu.data.size() ||
      !find_columns(hdu, row_bytes, columns))
    return false;
  const auto box_of = [&](std::size_t tile) {
    const std::int64_t x = static_cast<std::int64_t>(tile) % across * tile_width,
                       y = static_cast<std::int64_t>(tile) / across * tile_height;
    return Box{static_cast<int>(x), static_cast<int>(std::min(width, x + tile_width)), static_cast<int>(y),
               static_cast<int>(std::min(height, y + tile_height))};
  };
  // Of each size of tiles the first that is kept lends its pixels to the others.
  std::map<std::pair<int, int>, std::size_t> lender;
  std::vector<bool> kept(rows);
  for (std::size_t t = 0; t < rows; ++t) {
    const Box tile = box_of(t);
    kept[t] = !intersection(tile, box).empty();
    if (kept[t]) lender.try_emplace({tile.width(), tile.height()}, t);
  }
  std::string rows_out(hdu.data.substr(0, table)), heap_out;
  const auto descriptor = [&](const VariableColumn& c, std::size_t row) {
    return row * row_bytes + c.offset;
  };
  const auto store = [&](std::size_t row) {
    for (const VariableColumn& c : columns) {
      const std::size_t at = descriptor(c, row), half = c.wide ? 8 : 4;
      const std::uint64_t count = big_endian(hdu.data.substr(at, half)),
                          offset = big_endian(hdu.data.substr(at + half, half));
      const std::size_t room = hdu.data.size() - heap;
      if (offset > room || count > (room - offset) / c.element) return false;
      put_big_endian(rows_out, at + half, half, count == 0 ? 0 : heap_out.size());
      heap_out.append(hdu.data.substr(heap + offset, count * c.element));
    }
    return true;
  };
  for (std::size_t t = 0; t < rows; ++t)
    if (kept[t] && !store(t)) return false;
  for (std::size_t t = 0; t < rows; ++t) {
    if (kept[t]) continue;
    const Box tile = box_of(t);
    const auto from = lender.find({tile.width(), tile.height()});
    if (from == lender.end()) {
      if (!store(t)) return false;
      continue;
    }
    for (const VariableColumn& c : columns)
      rows_out.replace(descriptor(c, t), c.wide ? 16 : 8, rows_out, descriptor(c, from->second),
                       c.wide ? 16 : 8);
  }
  hdu.set("PCOUNT", static_cast<std::int64_t>(heap_out.size()));
  hdu.set("THEAP", static_cast<std::int64_t>(table));
  out = rows_out + heap_out;
  return true;
}

std::string cut_rows(const Hdu& hdu, const Box& box) {
  std::string out(hdu.data);
  const std::size_t row = static_cast<std::size_t>(hdu.number("NAXIS1", 0)) *
                          static_cast<std::size_t>(std::abs(hdu.number("BITPIX", 8)) / 8),
                    height = static_cast<std::size_t>(hdu.number("NAXIS2", 0));
  if (hdu.number("NAXIS", 0) != 2) return out;
  for (std::size_t y = 0; y < height && row > 0; ++y)
    if (static_cast<int>(y) < box.y0 || static_cast<int>(y) >= box.y1)
      std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(y * row), row, '\0');
  return out;
}

// An image without pixels, of the HDU's name.
void make_empty(Hdu& hdu) {
  const auto card = [](std::string_view text) {
    std::string line(text);
    line.resize(kCard, ' ');
    return line;
  };
  std::string header = card("XTENSION= 'IMAGE   '") + card("BITPIX  =                    8") +
                       card("NAXIS   =                    0") + card("PCOUNT  =                    0") +
                       card("GCOUNT  =                    1");
  for (const char* key : {"EXTNAME", "CCDNAME", "CHECKSUM", "DATASUM"})
    if (const std::size_t at = hdu.find(key); at != std::string::npos) header += hdu.header.substr(at, kCard);
  header += card("COMMENT its pixels are not needed here") + card("END");
  header.resize(padded(header.size()), ' ');
  hdu.header = std::move(header);
}

// The sum of big-endian 32-bit words with the carry brought round (FITS standard 4.0, appendix J).
std::uint32_t ones_complement_sum(std::string_view bytes, std::uint32_t sum = 0) {
  std::uint64_t total = sum;
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    total += big_endian(bytes.substr(i, 4));
    total = (total & 0xffffffff) + (total >> 32);
  }
  return static_cast<std::uint32_t>(total);
}

// The HDU's bytes, its sums as they are now.
std::string finished(Hdu& hdu, std::string data, char pad) {
  data.resize(padded(data.size()), pad);
  const std::uint32_t data_sum = ones_complement_sum(data);
  const auto put = [&](std::string_view key, const std::string& text) {
    const std::size_t at = hdu.find(key);
    if (at != std::string::npos) hdu.header.replace(at + 10, 20, fmt::format("{:<20}", "'" + text + "'"));
    return at != std::string::npos;
  };
  put("DATASUM", fmt::format("{:<8}", data_sum));
  if (put("CHECKSUM", std::string(16, '0'))) {
    char text[17] = {};
    fits_encode_chksum(ones_complement_sum(hdu.header, data_sum), 1, text);
    put("CHECKSUM", text);
  }
  return hdu.header + data;
}

}  // namespace

std::optional<std::string> cut_file(const std::filesystem::path& file, const std::map<int, Box>& kept) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream read;
  read << in.rdbuf();
  if (!in) throw input_error("cannot read it").in_file(file.string());
  const std::string bytes = std::move(read).str();
  if (!bytes.starts_with("SIMPLE  =")) return std::nullopt;
  std::vector<Hdu> hdus;
  if (!split(bytes, hdus))
    throw input_error("the file ends early, or is no FITS file").in_file(file.string());
  std::string out;
  for (std::size_t i = 0; i < hdus.size(); ++i) {
    Hdu& hdu = hdus[i];
    const auto wanted = kept.find(static_cast<int>(i));
    const bool tiles = hdu.is_compressed_image();
    std::string data;
    if (wanted == kept.end()) {
      if (i > 0 && (tiles || hdu.is_image()))
        make_empty(hdu);
      else
        data = hdu.data;
    } else if (!tiles) {
      data = hdu.is_image() ? cut_rows(hdu, wanted->second) : std::string(hdu.data);
    } else if (!cut_tiles(hdu, wanted->second, data)) {
      data = hdu.data;
    }
    out += finished(hdu, std::move(data), hdu.text("XTENSION") == "TABLE" ? ' ' : '\0');
  }
  return out;
}

}  // namespace brickline::fits
