#include "core/fits/row_stream.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <span>

#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/base/read_log.h"
#include "core/fits/fits_reader.h"

namespace brickline::fits {
namespace {

constexpr std::size_t kCard = 80, kRecord = 2880;
constexpr std::int64_t kBlockBytes = 4 << 20;
constexpr std::size_t kMostHeaderBytes = 10000 * kRecord;

std::size_t padded(std::size_t bytes) { return (bytes + kRecord - 1) / kRecord * kRecord; }

std::string card(std::string_view text) {
  std::string c(text);
  c.resize(kCard, ' ');
  return c;
}

// What a FITS file in memory needs before its first extension.
std::string empty_primary() {
  std::string head = card("SIMPLE  =                    T") + card("BITPIX  =                    8") +
                     card("NAXIS   =                    0") + card("EXTEND  =                    T") +
                     card("END");
  head.resize(kRecord, ' ');
  return head;
}

// Bytes of a file, gzipped or not, one after another.
class Bytes {
 public:
  explicit Bytes(const std::filesystem::path& path) : path_(path) {
    std::error_code code;
    if (!std::filesystem::exists(path, code)) throw input_error("no such file").in_file(path.string());
    if (std::filesystem::is_directory(path, code)) throw input_error("is a directory").in_file(path.string());
    file_.reset(gzopen(path.c_str(), "rb"));
    if (!file_) throw input_error("cannot be opened: {}", std::strerror(errno)).in_file(path.string());
    gzbuffer(file_.get(), 1 << 18);
  }
  // As many as there are, up to the span's size.
  std::size_t read(std::span<std::uint8_t> out) {
    std::size_t done = 0;
    while (done < out.size()) {
      const auto part = static_cast<unsigned>(std::min<std::size_t>(out.size() - done, 1 << 30));
      const int got = gzread(file_.get(), out.data() + done, part);
      if (got < 0) fail();
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }
  void read_all_of(std::span<std::uint8_t> out, std::string_view what) {
    if (read(out) < out.size()) {
      fail_if_damaged();
      throw input_error("the file is truncated: it ends within {}", what).in_file(path_.string());
    }
  }
  void skip(std::int64_t count, std::string_view what) {
    std::vector<std::uint8_t> scratch(static_cast<std::size_t>(std::min<std::int64_t>(count, 1 << 20)));
    for (; count > 0; count -= static_cast<std::int64_t>(scratch.size())) {
      scratch.resize(static_cast<std::size_t>(std::min<std::int64_t>(count, 1 << 20)));
      read_all_of(scratch, what);
    }
  }
  // To the end, where a gzipped file's checksum is.
  void drain() {
    if (gzdirect(file_.get())) return;
    std::vector<std::uint8_t> scratch(1 << 18);
    while (read(scratch) == scratch.size()) {
    }
    fail_if_damaged();
  }

 private:
  void fail_if_damaged() {
    int code = Z_OK;
    gzerror(file_.get(), &code);
    if (code != Z_OK && code != Z_STREAM_END) fail();
  }
  [[noreturn]] void fail() {
    int code = Z_OK;
    const char* why = gzerror(file_.get(), &code);
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
    if (code == Z_ERRNO) why = std::strerror(errno);
    throw input_error("cannot be read: {}", code == Z_BUF_ERROR ? "the gzipped file is truncated" : why)
        .in_file(path_.string());
  }
  struct Closer {
    void operator()(gzFile file) const { gzclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<gzFile_s, Closer> file_;
};

// One header as it stands, and the whole numbers in it.
struct RawHeader {
  std::vector<std::uint8_t> bytes;  // whole records
  std::map<std::string, std::int64_t, std::less<>> numbers;
  std::map<std::string, std::size_t, std::less<>> places;  // of all cards: their first byte
  std::string extension;                                   // of XTENSION

  bool has(std::string_view key) const { return places.find(key) != places.end(); }
  std::int64_t number(std::string_view key, std::int64_t otherwise) const {
    const auto found = numbers.find(key);
    return found == numbers.end() ? otherwise : found->second;
  }
};

void note_card(RawHeader& header, std::string_view text, std::size_t place) {
  const std::string key(stripped(text.substr(0, 8)));
  header.places.emplace(key, place);
  if (text.substr(8, 2) != "= ") return;
  const std::string_view value = stripped(text.substr(10));
  if (value.starts_with('\'')) {
    if (key == "XTENSION") header.extension = stripped(value.substr(1, value.find('\'', 1) - 1));
    return;
  }
  if (const auto number = parse_int(value.substr(0, value.find('/')))) header.numbers.emplace(key, *number);
}

RawHeader read_header(Bytes& bytes, const std::filesystem::path& path) {
  RawHeader header;
  while (true) {
    const std::size_t at = header.bytes.size();
    if (at >= kMostHeaderBytes) throw input_error("a header has no END").in_file(path.string());
    header.bytes.resize(at + kRecord);
    bytes.read_all_of(std::span(header.bytes).subspan(at), "a header");
    for (std::size_t c = at; c < header.bytes.size(); c += kCard) {
      const std::string_view text(reinterpret_cast<const char*>(header.bytes.data()) + c, kCard);
      if (stripped(text) == "END") return header;
      note_card(header, text, c);
    }
  }
}

// The bytes of an HDU's data, without padding; -1 where its cards do not tell.
std::int64_t data_bytes(const RawHeader& header) {
  const std::int64_t naxis = header.number("NAXIS", -1), bits = std::abs(header.number("BITPIX", 0));
  if (naxis < 0 || naxis > 999 || bits % 8 || bits > 64) return -1;
  if (naxis == 0) return 0;
  constexpr std::int64_t kMost = std::int64_t{1} << 56;
  std::int64_t values = 1;
  for (std::int64_t i = 1; i <= naxis; ++i) {
    const std::int64_t n = header.number("NAXIS" + std::to_string(i), -1);
    if (n < 0 || (n > 0 && values > kMost / n)) return -1;
    values *= n;
  }
  const std::int64_t groups = header.number("GCOUNT", 1), heap = header.number("PCOUNT", 0);
  if (groups < 0 || heap < 0 || heap > kMost || (groups > 1 && values + heap > kMost / groups)) return -1;
  return bits / 8 * groups * (heap + values);
}

// The header of the first extension; the primary HDU is passed over.
RawHeader first_extension(Bytes& bytes, const std::filesystem::path& path) {
  const RawHeader primary = read_header(bytes, path);
  if (!primary.has("SIMPLE"))
    throw input_error("cannot be read as FITS: no SIMPLE card").in_file(path.string());
  const std::int64_t size = data_bytes(primary);
  if (size < 0) throw input_error("the primary header tells no size").in_file(path.string());
  bytes.skip(static_cast<std::int64_t>(padded(static_cast<std::size_t>(size))), "the primary HDU");
  RawHeader header = read_header(bytes, path);
  if (header.extension != "BINTABLE" && header.extension != "TABLE")
    throw input_error("no table in the first extension").in_file(path.string());
  if (data_bytes(header) < 0 || header.number("NAXIS", 0) != 2 || header.number("NAXIS1", 0) < 1 ||
      header.number("NAXIS1", 0) > (1 << 30))
    throw input_error("the table's header tells no size").in_file(path.string(), "1");
  return header;
}

bool is_simple_table(const RawHeader& header) {
  return header.number("PCOUNT", 0) == 0 && header.number("GCOUNT", 1) == 1 && !header.has("ZIMAGE") &&
         !header.has("ZTABLE");
}

}  // namespace

struct RowStream::Impl {
  explicit Impl(const std::filesystem::path& p) : path(p), bytes(p), header(first_extension(bytes, p)) {
    if (!is_simple_table(header))
      throw input_error("the table has columns of variable length or is compressed").in_file(p.string(), "1");
    total = header.number("NAXIS2", 0);
    width = header.number("NAXIS1", 0);
    per_block = std::max<std::int64_t>(1, kBlockBytes / width);
    const std::string primary = empty_primary();
    prefix.assign(primary.begin(), primary.end());
    prefix.insert(prefix.end(), header.bytes.begin(), header.bytes.end());
    block = prefix;
    kept = prefix;
  }

  // What `read` makes of `file`, a FITS file of that many rows, which lie behind the prefix.
  template <typename F>
  auto reading(std::vector<std::uint8_t>& file, std::int64_t rows, F&& read) {
    const std::string naxis2 = card(fmt::format("NAXIS2  = {:20d}", rows));
    std::copy(naxis2.begin(), naxis2.end(), file.begin() + kRecord + header.places.at("NAXIS2"));
    const std::size_t size = file.size();
    file.resize(padded(size));
    FitsReader reader = FitsReader::in_memory(file, path);
    auto result = read(reader);
    file.resize(size);
    return result;
  }

  void look_at_fill() {
    if (looked_at_fill || header.extension != "BINTABLE") return;
    looked_at_fill = true;
    const auto size = static_cast<std::size_t>(total * width);
    std::vector<std::uint8_t> fill(padded(size) - size);
    fill.resize(bytes.read(fill));  // some writers leave it out
    uncounted = std::any_of(fill.begin(), fill.end(), [](std::uint8_t byte) { return byte != 0; });
  }

  std::filesystem::path path;
  Bytes bytes;
  RawHeader header;
  bool looked_at_fill = false, uncounted = false;
  std::int64_t total = 0, width = 0, per_block = 0;
  std::vector<std::uint8_t> prefix, block, kept;
  std::int64_t first = 0, in_block = 0, kept_rows = 0;
};

bool RowStream::can_read(const std::filesystem::path& path) {
  Bytes bytes(path);
  return is_simple_table(first_extension(bytes, path));
}

RowStream::RowStream(const std::filesystem::path& path, ReadLog* log) : impl_(std::make_unique<Impl>(path)) {
  if (log) log->note(path);
}
RowStream::~RowStream() = default;
RowStream::RowStream(RowStream&&) noexcept = default;
RowStream& RowStream::operator=(RowStream&&) noexcept = default;

std::int64_t RowStream::rows() const { return impl_->total; }
std::int64_t RowStream::first_row() const { return impl_->first; }
std::int64_t RowStream::block_rows() const { return impl_->in_block; }

bool RowStream::next() {
  Impl& s = *impl_;
  s.first += s.in_block;
  s.in_block = std::min(s.per_block, s.total - s.first);
  if (s.in_block <= 0) {
    s.in_block = 0;
    s.look_at_fill();
    s.bytes.drain();
    return false;
  }
  const auto size = static_cast<std::size_t>(s.in_block * s.width);
  s.block.resize(s.prefix.size() + size);
  s.bytes.read_all_of(std::span(s.block).subspan(s.prefix.size()),
                      fmt::format("row {} of {}", s.first + 1, s.total));
  return true;
}

bool RowStream::has_uncounted_rows() const { return impl_->uncounted; }

Table RowStream::columns(const std::vector<std::string>& names) {
  return impl_->reading(impl_->block, impl_->in_block, [&](FitsReader& r) { return r.columns(1, names); });
}

void RowStream::keep(std::int64_t row) {
  Impl& s = *impl_;
  const auto begin = s.block.begin() + static_cast<std::ptrdiff_t>(s.prefix.size()) +
                     static_cast<std::ptrdiff_t>(row * s.width);
  s.kept.insert(s.kept.end(), begin, begin + static_cast<std::ptrdiff_t>(s.width));
  ++s.kept_rows;
}

Table RowStream::kept() {
  return impl_->reading(impl_->kept, impl_->kept_rows, [](FitsReader& r) { return r.table(1); });
}

Header RowStream::header() {
  return impl_->reading(impl_->kept, impl_->kept_rows, [](FitsReader& r) { return r.header(1); });
}

}  // namespace brickline::fits
