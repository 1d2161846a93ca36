#include "core/refs/gaia_rows.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <istream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <streambuf>
#include <string_view>
#include <variant>

#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/fits/row_stream.h"
#include "core/refs/gaia_columns.h"
#include "core/refs/votable.h"

namespace brickline::refs {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kFirstYear = 1900, kLastYear = 2100;
constexpr std::size_t kLongestLine = std::size_t{1} << 24;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_null(std::string_view word) { return word.empty() || lower(word) == "null"; }

// "mas.yr**-1" and "mas / yr" are "mas/yr".
std::string plain_unit(std::string_view unit) {
  std::string u = lower(unit);
  std::erase_if(u, [](char c) { return c == ' ' || c == '\'' || c == '"' || c == '(' || c == ')'; });
  for (const char* per_year : {".yr**-1", "yr**-1", ".yr^-1", "yr^-1", ".yr-1", "yr-1", "/year"})
    if (u.ends_with(per_year)) {
      u = u.substr(0, u.size() - std::strlen(per_year)) + "/yr";
      break;
    }
  if (u == "year" || u == "jyear" || u == "years") u = "yr";
  if (u == "degree" || u == "degrees") u = "deg";
  return u;
}

// W m-2 nm-1, however it is written: W.m**-2.nm**-1, W m^-2 nm^-1, W / (m2 nm).
bool is_flux_per_nm(std::string unit) {
  std::erase_if(unit, [](char c) { return std::string_view(" .*^'\"").find(c) != std::string_view::npos; });
  constexpr std::string_view kSpellings[] = {"Wm-2nm-1", "Wnm-1m-2", "m-2nm-1W", "nm-1m-2W",
                                             "m-2Wnm-1", "nm-1Wm-2", "W/m2/nm",  "W/nm/m2",
                                             "W/(m2nm)", "W/(nmm2)", "Wm-2/nm",  "Wnm-1/m2"};
  return std::find(std::begin(kSpellings), std::end(kSpellings), unit) != std::end(kSpellings);
}

// Bytes of a file, gzipped or not.
class Bytes {
 public:
  explicit Bytes(const std::filesystem::path& path) {
    std::error_code code;
    if (!std::filesystem::exists(path, code)) throw input_error("no such file");
    if (std::filesystem::is_directory(path, code)) throw input_error("is a directory");
    file_.reset(gzopen(path.c_str(), "rb"));
    if (!file_) throw input_error("cannot be opened: {}", std::strerror(errno));
    gzbuffer(file_.get(), 1 << 18);
  }
  // 0 at the end, where a gzipped file's checksum has been tested.
  std::size_t read(std::span<char> out) {
    const int got = gzread(file_.get(), out.data(), static_cast<unsigned>(out.size()));
    int code = Z_OK;
    const char* why = got >= static_cast<int>(out.size()) ? nullptr : gzerror(file_.get(), &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
      if (code == Z_MEM_ERROR) throw std::bad_alloc();
      if (code == Z_ERRNO) why = std::strerror(errno);
      throw input_error("cannot be read: {}", code == Z_BUF_ERROR ? "the gzipped file is cut short" : why);
    }
    return static_cast<std::size_t>(got);
  }

 private:
  struct Closer {
    void operator()(gzFile file) const { gzclose(file); }
  };
  std::unique_ptr<gzFile_s, Closer> file_;
};

class Lines {
 public:
  explicit Lines(Bytes& bytes) : bytes_(bytes), buffer_(1 << 20) {}
  // The next line without its end; false after the last. A last line without an end is part of one.
  bool next(std::string_view& line) {
    carried_.clear();
    while (true) {
      if (at_ == filled_) {
        at_ = 0;
        filled_ = bytes_.read(buffer_);
        if (filled_ == 0) {
          if (carried_.empty()) return false;
          throw input_error("line {} has no end: the file is cut short", number_ + 1);
        }
      }
      const char* begin = buffer_.data() + at_;
      const void* end = std::memchr(begin, '\n', filled_ - at_);
      const std::size_t length =
          end ? static_cast<std::size_t>(static_cast<const char*>(end) - begin) : filled_ - at_;
      at_ += length + (end ? 1 : 0);
      if (end && carried_.empty()) {
        line = {begin, length};
      } else {
        carried_.append(begin, length);
        if (carried_.size() > kLongestLine)
          throw input_error("line {} has no end within {} bytes", number_ + 1, kLongestLine);
        if (!end) continue;
        line = carried_;
      }
      if (line.ends_with('\r')) line.remove_suffix(1);
      ++number_;
      return true;
    }
  }
  std::int64_t number() const { return number_; }

 private:
  Bytes& bytes_;
  std::vector<char> buffer_;
  std::string carried_;
  std::size_t at_ = 0, filled_ = 0;
  std::int64_t number_ = 0;
};

class Stream : public std::streambuf {
 public:
  explicit Stream(Bytes& bytes) : bytes_(bytes), buffer_(1 << 18) {}

 protected:
  int_type underflow() override {
    const std::size_t got = bytes_.read(buffer_);
    if (got == 0) return traits_type::eof();
    setg(buffer_.data(), buffer_.data(), buffer_.data() + got);
    return traits_type::to_int_type(*gptr());
  }

 private:
  Bytes& bytes_;
  std::vector<char> buffer_;
};

// Where our columns are among a file's. Error naming those that are missing.
std::vector<std::size_t> places_of(const RowLayout& layout, const std::vector<std::string>& names) {
  std::map<std::string, std::vector<std::size_t>> known;
  for (std::size_t i = 0; i < names.size(); ++i) known[lower(names[i])].push_back(i);
  std::vector<std::size_t> places;
  std::vector<std::string> missing;
  for (const RowColumn& column : layout.columns) {
    const auto found = known.find(lower(column.name));
    if (found == known.end()) {
      missing.push_back(column.name);
      continue;
    }
    if (found->second.size() > 1)
      throw input_error("it has {} columns {}", found->second.size(), column.name);
    places.push_back(found->second.front());
  }
  if (!missing.empty()) throw input_error("the table lacks {}", fmt::join(missing, ", "));
  return places;
}

void check_unit(const RowColumn& column, const std::string& unit) {
  if (unit.empty() || column.unit.empty() || plain_unit(unit) == column.unit) return;
  if (column.unit == "W m-2 nm-1" && is_flux_per_nm(unit)) return;
  throw input_error("column {} is in '{}': {} is wanted", column.name, unit, column.unit);
}

// The record at hand: values put in by column, checked and handed on as a whole.
class Record {
 public:
  Record(const RowLayout& layout, const Cancel& cancel, const std::function<void(const GaiaRow&)>& row)
      : layout_(layout), cancel_(cancel), row_(row), bytes_(layout.bytes) {}

  // The number of the row at hand, from 1.
  std::int64_t number() const { return done_ + 1; }

  // As text, blanks at its ends and quotes removed.
  void set_text(const RowColumn& c, std::string_view word) {
    if (c.type == 'K') return set_id(c, word);
    if (c.type == 'L') return put<char>(c, 0, flag(c, word) ? 1 : 0);
    if (c.count == 1) return set_number(c, 0, number_in(c, word));
    // [1.0, 2.0] or (1.0 2.0)
    int n = 0;
    if (!is_null(word)) {
      for (std::size_t at = 0; (at = word.find_first_not_of("[]() ,;\t", at)) != std::string_view::npos;) {
        const std::size_t end = std::min(word.find_first_of("[]() ,;\t", at), word.size());
        if (n == c.count) throw wrong(c, word.substr(0, 30), fmt::format("more than {} values", c.count));
        set_number(c, n++, number_in(c, word.substr(at, end - at)));
        at = end;
      }
    }
    for (; n < c.count; ++n) set_number(c, n, kNaN);
  }
  void set_id(const RowColumn& c, std::string_view word) {
    const auto id = parse_int(word);
    if (!id) throw wrong(c, word, "no whole number");
    put(c, 0, *id);
  }
  void set_id(const RowColumn& c, std::int64_t id) { put(c, 0, id); }
  void set_flag(const RowColumn& c, bool value) { put<char>(c, 0, value ? 1 : 0); }
  void set_number(const RowColumn& c, int element, double value) {
    switch (c.type) {
      case 'D':
        put(c, element, value);
        break;
      case 'E': {
        const float f = static_cast<float>(value);
        if (std::isfinite(value) && !std::isfinite(f))
          throw wrong(c, fmt::format("{}", value), "beyond single precision");
        if (std::abs(value) > 16777216 && value == std::floor(value) && static_cast<double>(f) != value &&
            std::abs(value) < 1e15)
          throw wrong(c, fmt::format("{}", value),
                      fmt::format("a whole number beyond single precision: keep it as {}:D", c.name));
        put(c, element, f);
        break;
      }
      case 'I':  // readers hold counts so, too
        put(c, element,
            static_cast<std::int16_t>(std::isfinite(value) ? std::clamp(value, -32768.0, 32767.0) : 0));
        break;
      case 'L':
        put<char>(c, element, std::isfinite(value) && value != 0 ? 1 : 0);
        break;
      default:
        throw internal_error("a column of type {}", c.type);
    }
  }
  void finish() {
    if (done_ % 4096 == 0) cancel_.stop_if_asked();
    GaiaRow row;
    row.record = bytes_.data();
    row.source_id = get<std::int64_t>(0);
    if (!layout_.positions) {
      if (row.source_id <= 0) throw input_error("row {}: no source_id", number());
      row_(row);
      ++done_;
      return;
    }
    row.ra = get<double>(1);
    row.dec = get<double>(2);
    row.ref_epoch = get<float>(kEpoch);
    if (row.source_id <= 0) throw input_error("row {}: no source_id", number());
    if (!(row.ra >= 0 && row.ra <= 360) || !(std::abs(row.dec) <= 90))
      throw input_error("row {} (source_id {}): ra {} and dec {} are no position", number(), row.source_id,
                        row.ra, row.dec);
    if (!(row.ref_epoch >= kFirstYear && row.ref_epoch <= kLastYear))
      throw input_error("row {} (source_id {}): ref_epoch {} is no year", number(), row.source_id,
                        row.ref_epoch);
    row_(row);
    ++done_;
  }

 private:
  static constexpr std::size_t kEpoch = [] {
    std::size_t i = 0;
    while (std::string_view(kGaiaColumns[i].name) != "ref_epoch") ++i;
    return i;
  }();

  template <typename T>
  void put(const RowColumn& c, int element, T value) {
    std::memcpy(bytes_.data() + c.offset + static_cast<std::size_t>(element) * sizeof(T), &value, sizeof(T));
  }
  template <typename T>
  T get(std::size_t column) const {
    T value;
    std::memcpy(&value, bytes_.data() + layout_.columns[column].offset, sizeof(T));
    return value;
  }
  Error wrong(const RowColumn& c, std::string_view word, std::string_view what) const {
    return input_error("row {}: {} '{}': {}", number(), c.name, word, what);
  }
  double number_in(const RowColumn& c, std::string_view word) const {
    if (const auto value = parse_double(word, NonFinite::kAllowed)) {
      constexpr std::int64_t kExact = std::int64_t{1} << 53;
      if (std::abs(*value) >= static_cast<double>(kExact))
        if (const auto whole = parse_int(word); whole && static_cast<std::int64_t>(*value) != *whole)
          throw wrong(c, word, "a whole number beyond double precision");
      return *value;
    }
    if (is_null(word)) return kNaN;
    throw wrong(c, word, "no number");
  }
  bool flag(const RowColumn& c, std::string_view word) const {
    const std::string w = lower(word);
    for (const char* yes : {"true", "t", "1", "variable"})
      if (w == yes) return true;
    for (const char* no : {"false", "f", "0", "not_available", "constant", "", "null"})
      if (w == no) return false;
    throw wrong(c, word, "neither true nor false");
  }

  const RowLayout& layout_;
  const Cancel& cancel_;
  const std::function<void(const GaiaRow&)>& row_;
  std::vector<char> bytes_;
  std::int64_t done_ = 0;
};

std::string_view unquoted(std::string_view word) {
  word = stripped(word);
  if (word.size() >= 2 && word.front() == '"' && word.back() == '"')
    word = stripped(word.substr(1, word.size() - 2));
  return word;
}

// Words of a line; what stands in quotes may hold the delimiter. Several blanks delimit once.
void split(std::string_view line, char delimiter, std::vector<std::string_view>& words) {
  words.clear();
  std::size_t at = 0;
  while (true) {
    if (delimiter == ' ') {
      at = line.find_first_not_of(" \t", at);
      if (at == std::string_view::npos) return;
    }
    std::size_t from = at;
    if (from < line.size() && line[from] == '"') from = std::min(line.find('"', from + 1), line.size());
    const std::size_t end = std::min(line.find(delimiter, from), line.size());
    words.push_back(unquoted(line.substr(at, end - at)));
    if (end == line.size()) return;
    at = end + 1;
  }
}

// What stands in the '#' lines before an ECSV's names, each column in lines of its own or in one.
struct Heading {
  char delimiter = ',';
  std::map<std::string, std::string> units;  // by name in lower case

  void note(std::string_view line) {
    std::string_view text = stripped(line.substr(1));
    if (text.starts_with("%ECSV")) delimiter = ' ';
    if (text.starts_with("delimiter:") && text.find(',') != std::string_view::npos) delimiter = ',';
    if (text.starts_with("-")) text = stripped(text.substr(1));
    const bool in_one = text.starts_with("{");
    if (in_one || text.starts_with("name:")) {
      name_ = lower(value(text, "name:", in_one));
      if (!in_one) return;
    }
    if (in_one || text.starts_with("unit:"))
      if (const std::string unit = value(text, "unit:", in_one); !unit.empty()) units[name_] = unit;
  }

 private:
  static std::string value(std::string_view text, std::string_view key, bool in_one) {
    const std::size_t at = text.find(key);
    if (at == std::string_view::npos) return "";
    std::string_view rest = text.substr(at + key.size());
    if (in_one) rest = rest.substr(0, rest.find_first_of(",}"));
    std::string out(stripped(rest));
    std::erase_if(out, [](char c) { return c == '\'' || c == '"'; });
    return out;
  }
  std::string name_;
};

void read_text(Bytes& bytes, const RowLayout& layout, Record& record) {
  Lines lines(bytes);
  Heading heading;
  std::vector<std::string_view> words;
  std::vector<std::size_t> places;
  std::size_t columns = 0;
  for (std::string_view line; lines.next(line);) {
    if (lines.number() == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (line.starts_with('#')) {
      if (places.empty()) heading.note(line);
      continue;
    }
    if (stripped(line).empty()) continue;
    split(line, heading.delimiter, words);
    if (places.empty()) {
      places = places_of(layout, {words.begin(), words.end()});
      columns = words.size();
      for (const RowColumn& c : layout.columns) check_unit(c, heading.units[lower(c.name)]);
      continue;
    }
    if (words.size() != columns)
      throw input_error("line {}: {} values, and there are {} columns", lines.number(), words.size(),
                        columns);
    for (std::size_t i = 0; i < places.size(); ++i) record.set_text(layout.columns[i], words[places[i]]);
    record.finish();
  }
  if (places.empty()) throw input_error("no line of column names in it");
}

void read_votable_rows(Bytes& bytes, const RowLayout& layout, Record& record) {
  Stream stream(bytes);
  std::istream in(&stream);
  in.exceptions(std::ios::badbit);
  std::vector<std::size_t> places;
  read_votable(
      in,
      [&](const std::vector<VotableField>& fields) {
        std::vector<std::string> names;
        for (const VotableField& f : fields) names.push_back(f.name.empty() ? f.id : f.name);
        places = places_of(layout, names);
        for (std::size_t i = 0; i < places.size(); ++i) check_unit(layout.columns[i], fields[places[i]].unit);
      },
      [&](const std::vector<std::string>& row) {
        for (std::size_t i = 0; i < places.size(); ++i)
          record.set_text(layout.columns[i], stripped(row[places[i]]));
        record.finish();
      });
}

// One column of a block.
struct BlockColumn {
  const fits::Column* column = nullptr;
  std::vector<double> numbers;
};

void read_fits(const std::filesystem::path& file, const RowLayout& layout, Record& record) {
  if (!fits::RowStream::can_read(file))
    throw input_error(
        "its table is compressed, or has columns of variable length: write it otherwise, or as CSV");
  fits::RowStream stream(file);
  std::vector<std::string> wanted;
  for (const RowColumn& c : layout.columns) wanted.push_back(c.name);
  bool first = true;
  while (stream.next()) {
    const fits::Table block = stream.columns(wanted);
    std::vector<BlockColumn> columns;
    std::vector<std::string> names;
    for (const fits::Column& c : block.columns()) names.push_back(c.name);
    if (first) places_of(layout, names);  // throws where one is missing, or there twice
    for (const RowColumn& c : layout.columns) {
      BlockColumn& b = columns.emplace_back();
      b.column = &block.require(c.name);
      if (first) check_unit(c, b.column->unit);
      if (c.type != 'K' && b.column->width() > c.count)
        throw input_error("column {} has {} values in a row, {} of which are wanted", c.name,
                          b.column->width(), c.count);
      const bool plain_flags = c.type == 'L' && std::holds_alternative<std::vector<bool>>(b.column->data);
      if (c.type != 'K' && !b.column->is_string() && !plain_flags) b.numbers = block.numbers(c.name);
    }
    first = false;
    for (std::int64_t i = 0; i < block.rows(); ++i) {
      const auto row = static_cast<std::size_t>(i);
      for (std::size_t k = 0; k < columns.size(); ++k) {
        const RowColumn& c = layout.columns[k];
        const BlockColumn& b = columns[k];
        if (b.column->is_string()) {
          record.set_text(c, stripped(std::get<std::vector<std::string>>(b.column->data)[row]));
        } else if (c.type == 'K') {
          const auto* ids = std::get_if<std::vector<std::int64_t>>(&b.column->data);
          record.set_id(c, ids && !b.column->blank ? (*ids)[row] : block.integer(c.name, i));
        } else if (b.numbers.empty()) {
          record.set_flag(c, std::get<std::vector<bool>>(b.column->data)[row]);
        } else {
          const auto width = static_cast<int>(b.column->width());
          for (int e = 0; e < c.count; ++e)
            record.set_number(
                c, e,
                e < width ? b.numbers[row * static_cast<std::size_t>(width) + static_cast<std::size_t>(e)]
                          : kNaN);
        }
      }
      record.finish();
    }
  }
  if (stream.has_uncounted_rows())
    throw input_error("the table goes on behind the rows that its header counts");
}

void add_column(RowLayout& layout, std::string name, char type, int count, std::string unit) {
  const std::size_t size = type == 'K' || type == 'D' ? 8 : type == 'E' ? 4 : type == 'I' ? 2 : 1;
  layout.columns.push_back({std::move(name), std::move(unit), type, count, layout.bytes});
  layout.bytes += size * static_cast<std::size_t>(count);
}

}  // namespace

RowLayout::RowLayout(std::span<const GaiaExtraColumn> extra) {
  for (const GaiaColumn& c : kGaiaColumns) add_column(*this, c.name, c.type, 1, c.unit);
  for (const GaiaExtraColumn& c : extra) add_column(*this, c.name, c.type, c.count, "");
}

RowLayout::RowLayout(const GaiaJoinedTable& joined) : positions(false) {
  add_column(*this, "source_id", 'K', 1, "");
  for (const GaiaExtraColumn& c : joined.columns) add_column(*this, c.name, c.type, c.count, joined.unit);
}

std::string RowLayout::signature() const {
  std::string text;
  for (const RowColumn& c : columns) text += fmt::format("{}:{}{} ", c.name, c.count, c.type);
  return text;
}

void read_gaia_rows(const std::filesystem::path& file, const RowLayout& layout, const Cancel& cancel,
                    const std::function<void(const GaiaRow&)>& row) {
  try {
    Record record(layout, cancel, row);
    std::array<char, 64> first{};
    std::size_t got = 0;
    {
      Bytes bytes(file);
      got = bytes.read(first);
    }
    const std::string_view begin(first.data(), got);
    if (begin.empty()) throw input_error("the file is empty");
    if (begin.starts_with("SIMPLE  =")) return read_fits(file, layout, record);
    Bytes bytes(file);
    if (looks_like_votable(begin)) return read_votable_rows(bytes, layout, record);
    read_text(bytes, layout, record);
  } catch (Error& error) {
    throw error.in_file(file.string());
  }
}

}  // namespace brickline::refs
