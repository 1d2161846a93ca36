#include "core/fits/fits_writer.h"

#include <fitsio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/fits/cfitsio_session.h"
#include "core/fits/cfitsio_types.h"
#include "core/fits/gzip.h"

namespace brickline::fits {

namespace {

// CFITSIO expects bytes that it never wrote to read as zero, as in the holes of a file on disk (the row
// descriptors of a compressed image are read back before they are first written), so growth is zeroed. The
// block's size is kept in front of it.
constexpr std::size_t kPrefix = 64;
struct Prefix {
  std::size_t size = 0;
  bool refused = false;  // memory to grow was not to be had: CFITSIO does not always tell its callers
};
static_assert(sizeof(Prefix) <= kPrefix);

Prefix prefix_of(const void* block) {
  Prefix prefix;
  std::memcpy(&prefix, static_cast<const char*>(block) - kPrefix, sizeof prefix);
  return prefix;
}

void* zeroing_realloc(void* block, std::size_t size) {
  Prefix prefix = block ? prefix_of(block) : Prefix{};
  char* whole = block ? static_cast<char*>(block) - kPrefix : nullptr;
  const int before = errno;
  char* grown = static_cast<char*>(std::realloc(whole, size + kPrefix));
  if (!grown && whole && size <= prefix.size) grown = whole;  // it is large enough
  // The C library leaves ENOMEM behind where a thread's own heap was too small and the memory came from elsewhere.
  if (grown) errno = before;
  if (!grown) {
    prefix.refused = true;
    if (whole) std::memcpy(whole, &prefix, sizeof prefix);
    return nullptr;
  }
  if (size > prefix.size) std::memset(grown + kPrefix + prefix.size, 0, size - prefix.size);
  prefix.size = size;
  std::memcpy(grown, &prefix, sizeof prefix);
  return grown + kPrefix;
}

// CFITSIO keeps to itself that it had no memory for a table's description: what it does next with the HDU is
// wrong. The allocator's mark in errno tells.
void set_structure(fitsfile* file, int* status) {
  errno = 0;
  fits_set_hdustruc(file, status);
  if (errno == ENOMEM && *status == 0) *status = MEMORY_ALLOCATION;
}
void move_to(fitsfile* file, int hdu, int* status) {
  errno = 0;
  fits_movabs_hdu(file, hdu, nullptr, status);
  if (errno == ENOMEM && *status == 0) *status = MEMORY_ALLOCATION;
}

}  // namespace

struct FitsWriter::Impl {
  fitsfile* file = nullptr;
  void* memory = nullptr;
  std::size_t capacity = 0;
  bool started = false;
  // What was added, for a last look at the whole file: CFITSIO, short of memory, has lost HDUs without a word (it
  // sets errno to 0 wherever it reads a number, so that errno alone does not tell).
  struct Added {
    bool table = false;
    std::int64_t rows = 0, columns = 0;  // of a table; of an image: its height and width
  };
  std::vector<Added> added;

  Impl() {
    int status = 0;
    errno = 0;
    capacity = 2880 * 16;
    memory = zeroing_realloc(nullptr, capacity);
    if (!memory) throw std::bad_alloc();
    file = create_memory_file(&memory, &capacity, 2880 * 64, zeroing_realloc, &status);
    if (status) release();
    check(status, "start a file in memory");
  }
  ~Impl() { release(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  void release() {
    int ignored = 0;
    if (file) close_file(std::exchange(file, nullptr), &ignored);
    if (memory) std::free(static_cast<char*>(std::exchange(memory, nullptr)) - kPrefix);
  }
  // At the start of every work: from here on errno tells whether memory was wanting.
  Impl& begin() {
    errno = 0;
    return *this;
  }
  // Nothing is written but memory, from memory: CFITSIO's errors of writing and of compression, and of sizes, are
  // memory that was not to be had.
  void check(int status, std::string_view doing) const {
    if (memory && prefix_of(memory).refused) status = MEMORY_ALLOCATION;
    if (status == WRITE_ERROR || status == DATA_COMPRESSION_ERR || status == ARRAY_TOO_BIG || errno == ENOMEM)
      status = MEMORY_ALLOCATION;
    if (status) throw cfitsio_error(ErrorKind::kInternal, status, fmt::format("cannot {}", doing));
  }
  void write_header(const Header& header);
  void set_extname(std::string_view extname);
  void write_checksums();
  void ensure_primary();
  void check_all_is_there(int* status);
};

namespace {

bool starts_with_number_after(std::string_view key, std::string_view stem) {
  if (!key.starts_with(stem) || key.size() == stem.size()) return false;
  for (char c : key.substr(stem.size()))
    if (c < '0' || c > '9') return false;
  return true;
}

// Keywords that describe the data unit itself: CFITSIO writes them.
bool is_structural(std::string_view key) {
  static constexpr std::array kFixed = {
      "SIMPLE",  "XTENSION", "BITPIX",   "NAXIS",    "EXTEND",   "PCOUNT",  "GCOUNT",   "GROUPS",
      "TFIELDS", "THEAP",    "EXTNAME",  "CHECKSUM", "DATASUM",  "BSCALE",  "BZERO",    "ZIMAGE",
      "ZBITPIX", "ZNAXIS",   "ZCMPTYPE", "ZQUANTIZ", "ZDITHER0", "ZSIMPLE", "ZTENSION", "ZPCOUNT",
      "ZGCOUNT", "ZEXTEND",  "ZHECKSUM", "ZDATASUM", "ZBLANK",   "END",     "CONTINUE", "LONGSTRN"};
  for (const char* k : kFixed)
    if (key == k) return true;
  for (const char* stem : {"NAXIS", "TTYPE", "TFORM", "TUNIT", "TDIM", "TSCAL", "TZERO", "TNULL", "TDISP",
                           "ZNAXIS", "ZTILE", "ZNAME", "ZVAL"})
    if (starts_with_number_after(key, stem)) return true;
  return false;
}

// Shortest text that reads back as the same double, in FITS's syntax.
std::string number_text(double value) {
  std::string s = fmt::format("{}", value);
  for (char& c : s)
    if (c == 'e') c = 'E';
  if (s.find('.') == std::string::npos) {
    const auto e = s.find('E');
    s.insert(e == std::string::npos ? s.size() : e, ".0");
  }
  return s;
}

// 100 pixels, enlarged while a last tile of 1 to 3 pixels would remain.
long tile_size(long n) {
  long t = 100;
  while (t <= n && n % t != 0 && n % t < 4) ++t;
  return t;
}

int table_type(const Column& c) {
  return std::visit(
      [](const auto& v) -> int {
        using T = typename std::decay_t<decltype(v)>::value_type;
        if constexpr (std::is_same_v<T, bool>)
          return TLOGICAL;
        else if constexpr (std::is_same_v<T, std::string>)
          return TSTRING;
        else
          return cfitsio_type<T>();
      },
      c.data);
}

int longest(const std::vector<std::string>& values) {
  std::size_t n = 1;
  for (const std::string& s : values) n = std::max(n, s.size());
  return static_cast<int>(n);
}

std::string table_format(const Column& c) {
  const std::int64_t n = c.width();
  switch (table_type(c)) {
    case TLOGICAL:
      return fmt::format("{}L", n);
    case TBYTE:
      return fmt::format("{}B", n);
    case TSHORT:
      return fmt::format("{}I", n);
    case TINT:
      return fmt::format("{}J", n);
    case TLONGLONG:
      return fmt::format("{}K", n);
    case TFLOAT:
      return fmt::format("{}E", n);
    case TDOUBLE:
      return fmt::format("{}D", n);
    default: {
      const int width =
          c.string_width > 0 ? c.string_width : longest(std::get<std::vector<std::string>>(c.data));
      return n == 1 ? fmt::format("{}A", width) : fmt::format("{}A{}", width * n, width);
    }
  }
}

void write_column(fitsfile* f, int number, const Column& c, int* status) {
  std::visit(
      [&](const auto& v) {
        using T = typename std::decay_t<decltype(v)>::value_type;
        if (v.empty()) return;
        const auto n = static_cast<LONGLONG>(v.size());
        if constexpr (std::is_same_v<T, bool>) {
          std::vector<char> bytes(v.begin(), v.end());
          fits_write_col(f, TLOGICAL, number, 1, 1, n, bytes.data(), status);
        } else if constexpr (std::is_same_v<T, std::string>) {
          std::vector<char*> pointers;
          for (const std::string& s : v) pointers.push_back(const_cast<char*>(s.c_str()));
          fits_write_col(f, TSTRING, number, 1, 1, n, pointers.data(), status);
        } else {
          fits_write_col(f, cfitsio_type<T>(), number, 1, 1, n, const_cast<T*>(v.data()), status);
        }
      },
      c.data);
}

}  // namespace

void FitsWriter::Impl::write_header(const Header& header) {
  for (const Card& card : header.cards()) {
    if (is_structural(card.key)) continue;
    int status = 0;
    const char* key = card.key.c_str();
    const char* comment = card.comment.empty() ? nullptr : card.comment.c_str();
    if (card.key == "COMMENT" || card.key == "HISTORY") {
      if (card.key == "COMMENT")
        fits_write_comment(file, card.comment.c_str(), &status);
      else
        fits_write_history(file, card.comment.c_str(), &status);
    } else if (const auto* s = std::get_if<std::string>(&card.value)) {
      fits_write_key_longstr(file, key, s->c_str(), comment, &status);
    } else if (const auto* b = std::get_if<bool>(&card.value)) {
      fits_write_key_log(file, key, *b, comment, &status);
    } else if (const auto* i = std::get_if<std::int64_t>(&card.value)) {
      fits_write_key_lng(file, key, *i, comment, &status);
    } else if (const auto* d = std::get_if<double>(&card.value); d && std::isfinite(*d)) {
      char record[FLEN_CARD] = "";
      std::string value = number_text(*d);
      fits_make_key(key, value.data(), comment, record, &status);
      if (!status) fits_write_record(file, record, &status);
    } else {
      fits_write_key_null(file, key, comment, &status);
    }
    check(status, fmt::format("write the header card {}", card.key));
  }
}

void FitsWriter::Impl::set_extname(std::string_view extname) {
  if (extname.empty()) return;
  int status = 0;
  fits_update_key_str(file, "EXTNAME", std::string(extname).c_str(), nullptr, &status);
  check(status, "name an extension");
}

// CFITSIO's own routine puts the time of day into the comments; the products hold no clock.
void FitsWriter::Impl::write_checksums() {
  int status = 0, current = 0;
  unsigned long data_sum = 0, hdu_sum = 0;
  // Leaving an HDU completes its header (heap size, longest row): only then may it be summed.
  fits_get_hdu_num(file, &current);
  set_structure(file, &status);
  if (current > 1) {
    move_to(file, 1, &status);
    move_to(file, current, &status);
  }
  fits_update_key_str(file, "CHECKSUM", "0000000000000000", "HDU checksum", &status);
  fits_update_key_str(file, "DATASUM", "0", "data unit checksum", &status);
  set_structure(file, &status);
  fits_get_chksum(file, &data_sum, &hdu_sum, &status);
  fits_update_key_str(file, "DATASUM", fmt::format("{}", data_sum).c_str(), "data unit checksum", &status);
  fits_get_chksum(file, &data_sum, &hdu_sum, &status);
  char text[17] = "";
  fits_encode_chksum(hdu_sum, 1, text);
  fits_update_key_str(file, "CHECKSUM", text, "HDU checksum", &status);
  check(status, "write the checksums");
}

void FitsWriter::Impl::ensure_primary() {
  if (started) return;
  int status = 0;
  fits_set_compression_type(file, 0, &status);
  fits_create_img(file, BYTE_IMG, 0, nullptr, &status);
  while (!status) fits_delete_key(file, "COMMENT", &status);
  if (status == KEY_NO_EXIST) status = 0;
  check(status, "write the primary header");
  started = true;
  added.push_back({});
}

// Ends in the last HDU.
void FitsWriter::Impl::check_all_is_there(int* status) {
  int count = 0;
  move_to(file, 1, status);
  fits_get_num_hdus(file, &count, status);
  bool whole = count == static_cast<int>(added.size());
  for (int i = 1; i <= count && whole && *status == 0; ++i) {
    move_to(file, i, status);
    const Added& a = added[static_cast<std::size_t>(i) - 1];
    if (a.table) {
      LONGLONG rows = 0;
      int columns = 0;
      fits_get_num_rowsll(file, &rows, status);
      fits_get_num_cols(file, &columns, status);
      whole = rows == a.rows && columns == a.columns;
    } else {
      int axes = 0;
      LONGLONG size[3] = {0, 0, 1};
      fits_get_img_dim(file, &axes, status);
      fits_get_img_sizell(file, 3, size, status);
      whole = axes == 0 ? a.rows == 0 : size[0] == a.columns && size[1] * size[2] == a.rows;
    }
  }
  if (*status == 0 && !whole) *status = MEMORY_ALLOCATION;
}

FitsWriter::FitsWriter() : impl_(std::make_unique<Impl>()) {}
FitsWriter::~FitsWriter() = default;

void FitsWriter::add_empty_primary(const Header& header) {
  if (impl_->started) throw internal_error("a file has one primary HDU");
  impl_->begin().ensure_primary();
  impl_->write_header(header);
  impl_->write_checksums();
}

template <typename T>
void FitsWriter::add_image(ImageView<const T> pixels, const Header& header, std::string_view extname,
                           const Compression& compression) {
  Impl& w = impl_->begin();
  int status = 0;
  using Algorithm = Compression::Algorithm;
  const bool compress =
      compression.algorithm != Algorithm::kNone && pixels.width() >= 4 && pixels.height() >= 4;
  if (compress && !w.started) {
    w.ensure_primary();
    w.write_checksums();
  }
  const bool primary = !w.started;
  if (compress) {
    int algorithm = RICE_1;
    switch (compression.algorithm) {
      case Algorithm::kGzip1:
        algorithm = GZIP_1;
        break;
      case Algorithm::kGzip2:
        algorithm = GZIP_2;
        break;
      case Algorithm::kHcompress:
        algorithm = HCOMPRESS_1;
        break;
      case Algorithm::kPlio:
        algorithm = PLIO_1;
        break;
      default:
        break;
    }
    fits_set_compression_type(w.file, algorithm, &status);
    long tiles[2] = {tile_size(pixels.width()), tile_size(pixels.height())};
    if (compression.tile_width > 0) tiles[0] = std::min(compression.tile_width, pixels.width());
    if (compression.tile_height > 0) tiles[1] = std::min(compression.tile_height, pixels.height());
    fits_set_tile_dim(w.file, 2, tiles, &status);
    fits_set_quantize_level(w.file, compression.quantize_level, &status);
    int method = NO_DITHER;
    if (compression.dither == Compression::Dither::kSubtractive1) method = SUBTRACTIVE_DITHER_1;
    if (compression.dither == Compression::Dither::kSubtractive2) method = SUBTRACTIVE_DITHER_2;
    fits_set_quantize_method(w.file, method, &status);
    if (method != NO_DITHER) fits_set_dither_seed(w.file, -1, &status);
    fits_set_hcomp_scale(w.file, 0, &status);
    fits_set_hcomp_smooth(w.file, 0, &status);
  } else {
    fits_set_compression_type(w.file, 0, &status);
  }
  long axes[2] = {pixels.width(), pixels.height()};
  fits_create_img(w.file, bitpix_code<T>(), 2, axes, &status);
  w.check(status, "make an image HDU");
  if (primary) {
    while (!status) fits_delete_key(w.file, "COMMENT", &status);
    status = 0;
  }
  w.started = true;
  w.added.push_back({.rows = pixels.height(), .columns = pixels.width()});
  w.write_header(header);
  w.set_extname(extname);
  std::vector<T> packed(static_cast<std::size_t>(pixels.width()) * pixels.height());
  for (int y = 0; y < pixels.height(); ++y)
    std::copy_n(pixels.row(y), pixels.width(), packed.data() + static_cast<std::size_t>(y) * pixels.width());
  fits_write_img(w.file, cfitsio_type<T>(), 1, static_cast<LONGLONG>(packed.size()), packed.data(), &status);
  fits_flush_buffer(w.file, 0, &status);
  w.check(status, "write the pixels");
  w.write_checksums();
}

void FitsWriter::add_cube(ImageView<const float> pixels, int depth, const Header& header,
                          std::string_view extname) {
  Impl& w = impl_->begin();
  if (depth <= 0 || pixels.height() % depth) throw internal_error("a cube's planes must be of one height");
  int status = 0;
  fits_set_compression_type(w.file, 0, &status);
  long axes[3] = {pixels.width(), pixels.height() / depth, depth};
  fits_create_img(w.file, FLOAT_IMG, 3, axes, &status);
  w.check(status, "make an image HDU");
  w.started = true;
  w.added.push_back({.rows = pixels.height(), .columns = pixels.width()});
  w.write_header(header);
  w.set_extname(extname);
  std::vector<float> packed(static_cast<std::size_t>(pixels.width()) * pixels.height());
  for (int y = 0; y < pixels.height(); ++y)
    std::copy_n(pixels.row(y), pixels.width(), packed.data() + static_cast<std::size_t>(y) * pixels.width());
  fits_write_img(w.file, TFLOAT, 1, static_cast<LONGLONG>(packed.size()), packed.data(), &status);
  w.check(status, "write the pixels");
  w.write_checksums();
}

void FitsWriter::add_table(const Table& table, std::string_view extname, const Header& header) {
  Impl& w = impl_->begin();
  if (!w.started) {
    w.ensure_primary();
    w.write_checksums();
  }
  std::vector<std::string> names, formats, units;
  for (const Column& c : table.columns()) {
    names.push_back(c.name);
    formats.push_back(table_format(c));
    units.push_back(c.unit);
  }
  const auto pointers = [](std::vector<std::string>& v) {
    std::vector<char*> p;
    for (std::string& s : v) p.push_back(s.data());
    return p;
  };
  auto pn = pointers(names), pf = pointers(formats), pu = pointers(units);
  int status = 0;
  fits_create_tbl(w.file, BINARY_TBL, table.rows(), static_cast<int>(names.size()), pn.data(), pf.data(),
                  pu.data(), nullptr, &status);
  w.check(status, "make a table");
  w.added.push_back({true, table.rows(), static_cast<std::int64_t>(names.size())});
  w.set_extname(extname);
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    const Column& c = table.columns()[i];
    const int number = static_cast<int>(i) + 1;
    if (!c.description.empty()) {
      const std::string key = fmt::format("TTYPE{}", number);
      fits_modify_comment(w.file, key.c_str(), c.description.c_str(), &status);
    }
    if (c.shape.size() > 1) {
      std::vector<long> axes(c.shape.begin(), c.shape.end());
      fits_write_tdim(w.file, number, static_cast<int>(axes.size()), axes.data(), &status);
    }
    w.check(status, fmt::format("describe column {}", c.name));
  }
  w.write_header(header);
  set_structure(w.file, &status);
  for (std::size_t i = 0; i < table.columns().size(); ++i)
    write_column(w.file, static_cast<int>(i) + 1, table.columns()[i], &status);
  fits_flush_buffer(w.file, 0, &status);
  w.check(status, "write the table");
  w.write_checksums();
}

std::string FitsWriter::finish() {
  Impl& w = impl_->begin();
  w.ensure_primary();
  int status = 0;
  fits_flush_file(w.file, &status);
  w.check_all_is_there(&status);
  // The buffer is larger than the file; the last HDU's end is the file's.
  LONGLONG head = 0, data = 0, end = 0;
  fits_get_hduaddrll(w.file, &head, &data, &end, &status);
  close_file(std::exchange(w.file, nullptr), &status);
  w.check(status, "finish the file");
  return std::string(static_cast<const char*>(w.memory), static_cast<std::size_t>(end));
}

std::string FitsWriter::write(const std::filesystem::path& path) {
  std::string bytes = finish();
  if (path.extension() == ".gz") bytes = gzipped(bytes);
  write_file_atomically(path, bytes);
  return sha256_hex(bytes);
}

#define BRICKLINE_WRITE(T)                                                                    \
  template void FitsWriter::add_image<T>(ImageView<const T>, const Header&, std::string_view, \
                                         const Compression&);
BRICKLINE_WRITE(float)
BRICKLINE_WRITE(double)
BRICKLINE_WRITE(std::uint8_t)
BRICKLINE_WRITE(std::int16_t)
BRICKLINE_WRITE(std::uint16_t)
BRICKLINE_WRITE(std::int32_t)
BRICKLINE_WRITE(std::int64_t)
#undef BRICKLINE_WRITE

}  // namespace brickline::fits
