#include "core/fits/fits_reader.h"

#include <fitsio.h>

#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/base/read_log.h"
#include "core/fits/card_index.h"
#include "core/fits/cfitsio_session.h"
#include "core/fits/cfitsio_types.h"
#include "core/fits/header_guard.h"

namespace brickline::fits {
namespace {

fitsfile* handle(void* file) { return static_cast<fitsfile*>(file); }

// In the place of the HDUs that were looked at: a file in memory whose last HDU goes on behind its bytes. CFITSIO takes it
// for as long as that HDU says as soon as it has seen it, and would read what is not there: it is used no more.
constexpr int kCutShort = -1;

}  // namespace

FitsReader::FitsReader(const std::filesystem::path& path, ReadLog* log) : path_(path) {
  if (log) log->note(path);
  std::error_code code;
  if (!std::filesystem::exists(path, code)) throw input_error("no such file").in_file(path.string());
  if (std::filesystem::is_directory(path, code)) throw input_error("is a directory").in_file(path.string());
  open();
}

FitsReader FitsReader::in_memory(std::span<std::uint8_t> bytes, const std::filesystem::path& path) {
  FitsReader reader;
  reader.path_ = path;
  reader.memory_ = std::make_unique<Memory>(Memory{bytes.data(), bytes.size()});
  int status = 0;
  fitsfile* file = open_memory_file(&reader.memory_->bytes, &reader.memory_->size, &status);
  if (status) throw cfitsio_error(ErrorKind::kInput, status, "cannot be read as FITS").in_file(path.string());
  reader.file_ = file;
  return reader;
}

FitsReader::~FitsReader() { close(); }

FitsReader::FitsReader(FitsReader&& o) noexcept
    : path_(std::move(o.path_)),
      file_(std::exchange(o.file_, nullptr)),
      looked_at_(o.looked_at_),
      end_(o.end_),
      memory_(std::move(o.memory_)) {}

FitsReader& FitsReader::operator=(FitsReader&& o) noexcept {
  std::swap(path_, o.path_);
  std::swap(file_, o.file_);
  std::swap(memory_, o.memory_);
  std::swap(looked_at_, o.looked_at_);
  std::swap(end_, o.end_);
  return *this;
}

void FitsReader::open() {
  int status = 0;
  fitsfile* file = open_file(path_.c_str(), &status);
  if (status)
    throw cfitsio_error(ErrorKind::kInput, status, "cannot be read as FITS").in_file(path_.string());
  file_ = file;
}

void FitsReader::close() {
  if (!file_) return;
  int status = 0;
  close_file(handle(file_), &status);
  file_ = nullptr;
}

void FitsReader::fail(int status, int hdu, std::string_view doing) {
  throw cfitsio_error(ErrorKind::kInput, status, doing).in_file(path_.string(), std::to_string(hdu));
}

// CFITSIO goes through all HDUs up to the one that is wanted, and each must be looked at before.
void FitsReader::look_ahead(int hdu) {
  fitsfile* f = handle(file_);
  if (looked_at_ == kCutShort) throw input_error("the file is truncated").in_file(path_.string());
  for (; !end_ && looked_at_ <= hdu; ++looked_at_) {
    int status = 0;
    LONGLONG head = 0, data = 0, end = 0;
    fits_movabs_hdu(f, looked_at_, nullptr, &status);  // the one before; it counts from 1
    fits_get_hduaddrll(f, &head, &data, &end, &status);
    // CFITSIO would go on behind an HDU that it does not understand, to where nobody has looked.
    if (status) {
      end_ = End{looked_at_ - 1, status};
      return;
    }
    const std::string number = std::to_string(looked_at_ - 1);
    // A product of axes that overflows: CFITSIO would go to a place before the file's beginning, in memory.
    if (end < data || data < head)
      throw input_error("the HDU's cards (NAXIS1 ...) tell a size that is beyond reason")
          .in_file(path_.string(), number);
    if (memory_ && end > static_cast<LONGLONG>(memory_->size)) {
      looked_at_ = kCutShort;
      throw input_error("the file is truncated: it has {} bytes, this HDU needs {}", memory_->size, end)
          .in_file(path_.string(), number);
    }
    if (end >= f->Fptr->filesize) {
      end_ = End{looked_at_, END_OF_FILE};
      return;
    }
    try {
      check_structure(f, end);
    } catch (Error& e) {
      e.in_file(path_.string(), std::to_string(looked_at_));
      throw;
    }
  }
}

void FitsReader::move_to(int hdu) {
  int status = 0;
  fitsfile* f = handle(file_);
  look_ahead(hdu);
  if (hdu < 0 || (end_ && hdu >= end_->hdus)) {
    const int count = hdu_count();
    if (hdu == count && end_->why != END_OF_FILE && end_->why != BAD_HDU_NUM)
      fail(end_->why, hdu, "cannot move to the HDU");
    throw input_error("there is no HDU {}: the file has {} (0 to {})", hdu, count, count - 1)
        .in_file(path_.string());
  }
  fits_movabs_hdu(f, hdu + 1, nullptr, &status);
  if (status) fail(status, hdu, "cannot move to the HDU");
  LONGLONG head = 0, data = 0, end = 0;
  fits_get_hduaddrll(f, &head, &data, &end, &status);
  if (status) fail(status, hdu, "cannot find the HDU's data");
  // Of a gzipped file: its size once unpacked.
  const LONGLONG size = memory_ ? static_cast<LONGLONG>(memory_->size) : f->Fptr->filesize;
  int type = IMAGE_HDU;
  fits_get_hdu_type(f, &type, &status);
  // Rows by the million millions make `end` overflow.
  const bool beyond = (type != IMAGE_HDU || f->Fptr->compressimg) && f->Fptr->rowlength > 0 &&
                      f->Fptr->numrows > size / f->Fptr->rowlength;
  if (memory_ && (beyond || end > size)) looked_at_ = kCutShort;
  if (beyond)
    throw input_error("the file is truncated: it has {} bytes, this HDU needs more", size)
        .in_file(path_.string(), std::to_string(hdu));
  if (end > size)
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
  look_ahead(std::numeric_limits<int>::max() - 1);
  return end_->hdus;
}

std::optional<int> FitsReader::find_hdu(std::string_view extname) {
  const int count = hdu_count();
  std::optional<int> found;
  for (int hdu = 0; hdu < count; ++hdu) {
    int status = 0;
    fits_movabs_hdu(handle(file_), hdu + 1, nullptr, &status);
    if (status) fail(status, hdu, "cannot move to the HDU");
    char value[FLEN_VALUE] = "";
    fits_read_key(handle(file_), TSTRING, "EXTNAME", value, nullptr, &status);
    const std::string_view name = stripped(value);
    if (status || name.size() != extname.size() || strncasecmp(name.data(), extname.data(), name.size()) != 0)
      continue;
    if (found)
      throw input_error("HDUs {} and {} are both called {}", *found, hdu, extname).in_file(path_.string());
    found = hdu;
  }
  return found;
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
      type = 'U';
    }
    const std::string text = whole_field(record, stripped(value));
    if (text != stripped(value)) type = 'U';  // more than a number
    card.comment = comment;
    card.raw = text;
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

}  // namespace brickline::fits
