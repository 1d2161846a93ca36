#include "core/fits/fits_reader.h"

#include <fitsio.h>

#include <cstring>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/base/read_log.h"
#include "core/fits/cfitsio_types.h"

namespace brickline::fits {
namespace {

fitsfile* handle(void* file) { return static_cast<fitsfile*>(file); }

// The value of a quoted FITS string: quotes removed, doubled quotes halved, trailing blanks dropped.
std::string unquoted(std::string_view s) {
  if (!s.empty() && s.front() == '\'') s.remove_prefix(1);
  const auto last = s.find_last_of('\'');
  if (last != std::string_view::npos) s = s.substr(0, last);
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    out += s[i];
    if (s[i] == '\'' && i + 1 < s.size() && s[i + 1] == '\'') ++i;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// CFITSIO 4.2 notes ZQUANTIZ = 'NONE' of a compressed HDU that it passes and never forgets it, so that the
// pixels of quantised HDUs behind it come out wrong without an error.
void restore_quantisation(fitsfile* file) {
  int status = 0;
  char value[FLEN_VALUE] = "";
  fits_read_key(file, TSTRING, "ZQUANTIZ", value, nullptr, &status);
  if (status) fits_clear_errmsg();
  if (!status && std::string_view(value) == "NONE") return;
  constexpr float kAnyLevel = 4, kNoQuantize = 9999;  // the latter as in its private header
  if (file->Fptr->quantize_level == kNoQuantize) file->Fptr->quantize_level = kAnyLevel;
}

bool ends_with_gz(const std::filesystem::path& p) { return p.extension() == ".gz"; }

}  // namespace

FitsReader::FitsReader(const std::filesystem::path& path, ReadLog* log) : path_(path) {
  if (log) log->note(path);
  std::error_code code;
  if (!std::filesystem::exists(path, code)) throw input_error("no such file").in_file(path.string());
  if (std::filesystem::is_directory(path, code)) throw input_error("is a directory").in_file(path.string());
  open();
}

FitsReader::~FitsReader() { close(); }

FitsReader::FitsReader(FitsReader&& o) noexcept
    : path_(std::move(o.path_)), file_(std::exchange(o.file_, nullptr)) {}

FitsReader& FitsReader::operator=(FitsReader&& o) noexcept {
  std::swap(path_, o.path_);
  std::swap(file_, o.file_);
  return *this;
}

void FitsReader::open() {
  fitsfile* file = nullptr;
  int status = 0;
  fits_open_diskfile(&file, path_.c_str(), READONLY, &status);
  if (status) {
    const std::string why = cfitsio_message(status);
    throw input_error("cannot be read as FITS: {}", why).in_file(path_.string());
  }
  file_ = file;
}

void FitsReader::close() {
  if (!file_) return;
  int status = 0;
  fits_close_file(handle(file_), &status);
  if (status) fits_clear_errmsg();
  file_ = nullptr;
}

void FitsReader::fail(int status, int hdu, std::string_view doing) {
  const std::string why = cfitsio_message(status);
  throw input_error("{}: {}", doing, why).in_file(path_.string(), std::to_string(hdu));
}

void FitsReader::move_to(int hdu) {
  int status = 0;
  if (hdu >= 0) fits_movabs_hdu(handle(file_), hdu + 1, nullptr, &status);
  if (hdu < 0 || status == END_OF_FILE || status == BAD_HDU_NUM) {
    fits_clear_errmsg();
    const int count = hdu_count();
    if (hdu < 0 || hdu >= count)
      throw input_error("there is no HDU {}: the file has {} (0 to {})", hdu, count, count - 1)
          .in_file(path_.string());
  }
  if (status) fail(status, hdu, "cannot move to the HDU");
  restore_quantisation(handle(file_));
  if (ends_with_gz(path_)) return;  // CFITSIO holds these uncompressed in memory and checks them itself
  LONGLONG head = 0, data = 0, end = 0;
  fits_get_hduaddrll(handle(file_), &head, &data, &end, &status);
  if (status) fail(status, hdu, "cannot find the HDU's data");
  std::error_code code;
  const auto size = std::filesystem::file_size(path_, code);
  if (!code && static_cast<std::uintmax_t>(end) > size)
    throw input_error("the file is truncated: it has {} bytes, this HDU needs {}", size, end)
        .in_file(path_.string(), std::to_string(hdu));
}

bool FitsReader::checksums_agree(int hdu) {
  move_to(hdu);
  int status = 0, data = 0, whole = 0;
  fits_verify_chksum(handle(file_), &data, &whole, &status);
  if (status) fail(status, hdu, "cannot work out the checksums");
  return data >= 0 && whole >= 0;
}

int FitsReader::hdu_count() {
  int status = 0, count = 0;
  fits_get_num_hdus(handle(file_), &count, &status);
  if (status) fail(status, 0, "cannot count the HDUs");
  return count;
}

std::optional<int> FitsReader::find_hdu(std::string_view extname) {
  const int count = hdu_count();
  for (int hdu = 0; hdu < count; ++hdu) {
    int status = 0;
    fits_movabs_hdu(handle(file_), hdu + 1, nullptr, &status);
    if (status) fail(status, hdu, "cannot move to the HDU");
    char value[FLEN_VALUE] = "";
    fits_read_key(handle(file_), TSTRING, "EXTNAME", value, nullptr, &status);
    if (status) {
      fits_clear_errmsg();
      continue;
    }
    std::string_view name = value;
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    if (name.size() == extname.size() && strncasecmp(name.data(), extname.data(), name.size()) == 0)
      return hdu;
  }
  return {};
}

bool FitsReader::is_table(int hdu) {
  move_to(hdu);
  int status = 0, type = 0;
  fits_get_hdu_type(handle(file_), &type, &status);
  if (status) fail(status, hdu, "cannot read the HDU's type");
  return type != IMAGE_HDU;
}

Header FitsReader::header(int hdu) {
  move_to(hdu);
  fitsfile* f = handle(file_);
  int status = 0, count = 0;
  fits_get_hdrspace(f, &count, nullptr, &status);
  Header out;
  Card* continued = nullptr;  // a string card whose value goes on in the next one
  std::vector<Card> cards;
  cards.reserve(static_cast<std::size_t>(count));
  for (int i = 1; i <= count && !status; ++i) {
    char record[FLEN_CARD] = "", name[FLEN_KEYWORD] = "", value[FLEN_VALUE] = "", comment[FLEN_COMMENT] = "";
    int length = 0;
    fits_read_record(f, i, record, &status);
    fits_get_keyname(record, name, &length, &status);
    if (status) {  // a card that breaks the standard costs itself only
      status = 0;
      fits_clear_errmsg();
      continued = nullptr;
      continue;
    }
    if (continued && std::strcmp(name, "CONTINUE") == 0) {
      const std::string_view field = std::string_view(record).substr(8);
      std::string part = unquoted(field.substr(std::min(field.find('\''), field.size())));
      auto& text = std::get<std::string>(continued->value);
      text.pop_back();
      text += part;
      if (text.empty() || text.back() != '&') continued = nullptr;
      continue;
    }
    continued = nullptr;
    Card card;
    card.key = name;
    if (card.key == "COMMENT" || card.key == "HISTORY" || card.key.empty()) {
      card.comment = std::strlen(record) > 8 ? record + 8 : "";
      if (!card.key.empty()) cards.push_back(std::move(card));
      continue;
    }
    fits_parse_value(record, value, comment, &status);
    char type = 'U';
    if (!status && value[0]) fits_get_keytype(value, &type, &status);
    if (status) {
      status = 0;
      fits_clear_errmsg();
      type = 'U';
    }
    card.comment = comment;
    card.raw = value;
    const std::string text = value;
    if (type == 'C') {
      card.value = unquoted(text);
    } else if (type == 'L') {
      card.value = text == "T";
    } else if (type == 'I' || type == 'F') {
      // A whole number beyond 64 bits is kept as a real one; Header::integer refuses it.
      const auto whole = type == 'I' ? parse_int(text) : std::nullopt;
      if (whole)
        card.value = *whole;
      else if (const auto real = parse_double(text))
        card.value = *real;
    }
    cards.push_back(std::move(card));
    auto* string = std::get_if<std::string>(&cards.back().value);
    if (string && !string->empty() && string->back() == '&') continued = &cards.back();
  }
  if (status) fail(status, hdu, "cannot read the header");
  for (Card& c : cards) out.append(std::move(c));
  return out;
}

ImageInfo FitsReader::image_info(int hdu) {
  move_to(hdu);
  fitsfile* f = handle(file_);
  int status = 0, type = 0, bitpix = 0, naxis = 0;
  fits_get_hdu_type(f, &type, &status);
  if (!status && type != IMAGE_HDU)
    throw input_error("HDU {} holds a table, not an image", hdu).in_file(path_.string(), std::to_string(hdu));
  LONGLONG axes[9] = {0};
  fits_get_img_paramll(f, 9, &bitpix, &naxis, axes, &status);
  if (status) fail(status, hdu, "cannot read the image's size");
  ImageInfo info;
  info.bitpix = bitpix;
  info.compressed = fits_is_compressed_image(f, &status) != 0;
  if (naxis < 2) return info;
  LONGLONG depth = 1;
  for (int i = 2; i < naxis; ++i) depth *= axes[i];
  constexpr LONGLONG kLargest = 1 << 20;
  if (axes[0] > kLargest || axes[1] > kLargest || depth > kLargest)
    throw input_error("an image of {} x {} x {} pixels is beyond reason", axes[0], axes[1], depth)
        .in_file(path_.string(), std::to_string(hdu));
  info.width = static_cast<int>(axes[0]);
  info.height = static_cast<int>(axes[1]);
  info.depth = static_cast<int>(depth);
  return info;
}

template <typename T>
Image<T> FitsReader::image(int hdu, std::optional<Box> box) {
  const ImageInfo info = image_info(hdu);
  if (info.width <= 0 || info.height <= 0)
    throw input_error("HDU {} holds no image", hdu).in_file(path_.string(), std::to_string(hdu));
  const Box b = box.value_or(Box::from_size(info.width, info.height));
  if (b.empty() || intersection(b, Box::from_size(info.width, info.height)) != b)
    throw input_error("pixels x {}:{} y {}:{} were asked for, the image has {} x {}", b.x0, b.x1, b.y0, b.y1,
                      info.width, info.height)
        .in_file(path_.string(), std::to_string(hdu));
  std::vector<T> pixels(static_cast<std::size_t>(b.area()));
  long first[9] = {b.x0 + 1, b.y0 + 1, 1, 1, 1, 1, 1, 1, 1};
  long last[9] = {b.x1, b.y1, 1, 1, 1, 1, 1, 1, 1};
  long step[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  int status = 0;
  fits_read_subset(handle(file_), cfitsio_type<T>(), first, last, step, nullptr, pixels.data(), nullptr,
                   &status);
  if (status) fail(status, hdu, "cannot read the pixels");
  Image<T> out(b.width(), b.height());
  for (int y = 0; y < b.height(); ++y)
    std::copy_n(pixels.data() + static_cast<std::size_t>(y) * b.width(), b.width(), out.row(y));
  return out;
}

template <typename T>
Image<T> FitsReader::cube(int hdu) {
  const ImageInfo info = image_info(hdu);
  if (info.width <= 0 || info.height <= 0)
    throw input_error("HDU {} holds no image", hdu).in_file(path_.string(), std::to_string(hdu));
  const std::size_t rows = static_cast<std::size_t>(info.height) * info.depth;
  std::vector<T> pixels(rows * info.width);
  int status = 0;
  fits_read_img(handle(file_), cfitsio_type<T>(), 1, static_cast<LONGLONG>(pixels.size()), nullptr,
                pixels.data(), nullptr, &status);
  if (status) fail(status, hdu, "cannot read the pixels");
  Image<T> out(info.width, static_cast<int>(rows));
  for (std::size_t y = 0; y < rows; ++y)
    std::copy_n(pixels.data() + y * info.width, info.width, out.row(static_cast<int>(y)));
  return out;
}

#define BRICKLINE_READ(T)                                          \
  template Image<T> FitsReader::image<T>(int, std::optional<Box>); \
  template Image<T> FitsReader::cube<T>(int);
BRICKLINE_READ(float)
BRICKLINE_READ(double)
BRICKLINE_READ(std::uint8_t)
BRICKLINE_READ(std::int16_t)
BRICKLINE_READ(std::uint16_t)
BRICKLINE_READ(std::int32_t)
BRICKLINE_READ(std::int64_t)
#undef BRICKLINE_READ

}  // namespace brickline::fits
