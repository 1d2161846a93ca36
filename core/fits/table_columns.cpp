#include "core/fits/table_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>

#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/fits/cfitsio_types.h"

namespace brickline::fits {
namespace {

std::string meaning_of(int status) {
  char text[FLEN_STATUS] = "";
  fits_get_errstatus(status, text);
  return text;
}

std::string indexed(const char* key, int number) { return fmt::format("{}{}", key, number); }

bool is_integer(int type) {
  return type == TBYTE || type == TSBYTE || type == TSHORT || type == TUSHORT || type == TINT ||
         type == TUINT || type == TLONG || type == TULONG || type == TLONGLONG || type == TULONGLONG;
}

template <typename V>
void make_room(Column& column, std::size_t n) {
  column.data = V(n);
}

// An empty vector of the type that the values have in memory.
bool make_data(int type, std::size_t n, Column& column) {
  switch (type) {
    case TLOGICAL:
    case TBIT:
      make_room<std::vector<bool>>(column, n);
      return true;
    case TBYTE:
      make_room<std::vector<std::uint8_t>>(column, n);
      return true;
    case TSBYTE:
    case TSHORT:
      make_room<std::vector<std::int16_t>>(column, n);
      return true;
    case TUSHORT:
    case TINT:
    case TLONG:
      make_room<std::vector<std::int32_t>>(column, n);
      return true;
    case TUINT:
    case TULONG:
    case TLONGLONG:
    case TULONGLONG:
      make_room<std::vector<std::int64_t>>(column, n);
      return true;
    case TFLOAT:
    case TCOMPLEX:
      make_room<std::vector<float>>(column, n);
      return true;
    case TDOUBLE:
    case TDBLCOMPLEX:
      make_room<std::vector<double>>(column, n);
      return true;
    case TSTRING:
      make_room<std::vector<std::string>>(column, n);
      return true;
    default:
      return false;
  }
}

// TDIM's axes, if it has any that make sense of `repeat` values.
std::vector<std::int64_t> shape_of(fitsfile* file, int number, LONGLONG repeat) {
  constexpr int kMostAxes = 9;
  LONGLONG axes[kMostAxes] = {0};
  int naxis = 0, status = 0;
  fits_read_tdimll(file, number, kMostAxes, &naxis, axes, &status);
  std::vector<std::int64_t> flat = {repeat};
  if (status || naxis < 1 || naxis > kMostAxes) return flat;
  LONGLONG product = 1;
  for (int i = 0; i < naxis; ++i) {
    if (axes[i] < 0 || (axes[i] > 0 && product > repeat / axes[i])) return flat;
    product *= axes[i];
  }
  if (product != repeat) return flat;
  return {axes, axes + naxis};
}

// Bits of a value as it is stored.
LONGLONG bits_of(int stored) {
  switch (stored) {
    case TBIT:
      return 1;
    case TSHORT:
      return 16;
    case TLONG:
    case TFLOAT:
      return 32;
    case TLONGLONG:
    case TDOUBLE:
    case TCOMPLEX:
      return 64;
    case TDBLCOMPLEX:
      return 128;
    default:
      return 8;
  }
}

// The values of a variable-length column's rows, of so many bits each: how many each row has. `why` tells what is wrong
// with them, if anything is.
std::vector<std::int64_t> variable_lengths(fitsfile* file, int number, LONGLONG rows, LONGLONG bits,
                                           const std::vector<std::int64_t>* chosen, std::string* why,
                                           int* status) {
  std::vector<std::int64_t> lengths;
  lengths.reserve(static_cast<std::size_t>(rows));
  LONGLONG head = 0, data = 0, end = 0;
  fits_get_hduaddrll(file, &head, &data, &end, status);
  // CFITSIO goes wherever a descriptor points to.
  const LONGLONG heap = std::max<LONGLONG>(0, end - data - file->Fptr->heapstart);
  for (LONGLONG i = 0; i < rows && !*status; ++i) {
    const LONGLONG row = chosen ? (*chosen)[static_cast<std::size_t>(i)] : i;
    LONGLONG length = 0, offset = 0;
    fits_read_descriptll(file, number, row + 1, &length, &offset, status);
    lengths.push_back(std::max<LONGLONG>(0, length));
    if (!*status && length > 0 && (offset < 0 || offset > heap || length > 8 * (heap - offset) / bits)) {
      *why = fmt::format("its values in row {} lie outside the table's heap", row + 1);
      break;
    }
  }
  return lengths;
}

// Integers that stand for no value, as they are after TZERO.
std::optional<std::int64_t> blank_of(const CardIndex& cards, int number, int type) {
  const auto text = cards.text(indexed("TNULL", number));
  if (!text || !is_integer(type)) return {};
  const auto blank = parse_int(*text);
  if (!blank) return {};
  const auto offset = cards.text(indexed("TZERO", number));
  const double zero = offset ? parse_double(*offset).value_or(0) : 0;
  const double shifted = static_cast<double>(*blank) + zero;
  if (std::abs(shifted) > 9e18) return {};
  return *blank + static_cast<std::int64_t>(zero);
}

template <typename T, typename V>
void read_numbers(fitsfile* file, const ColumnPlan& p, int type, LONGLONG row, LONGLONG element,
                  LONGLONG count, V& out, std::size_t to, int* status) {
  const std::size_t values = static_cast<std::size_t>(count) * (p.is_complex ? 2 : 1);
  std::vector<T> block(values);
  T blank{};
  void* for_blank = nullptr;
  int any_blank = 0;
  if constexpr (std::is_floating_point_v<T>) {
    blank = std::numeric_limits<T>::quiet_NaN();
    if (p.has_blanks) for_blank = &blank;
  }
  fits_read_col(file, type, p.number, row + 1, element, count, for_blank, block.data(), &any_blank, status);
  std::copy(block.begin(), block.end(), out.begin() + static_cast<std::ptrdiff_t>(to));
}

void read_logicals(fitsfile* file, const ColumnPlan& p, LONGLONG row, LONGLONG count, std::vector<bool>& out,
                   std::size_t to, int* status) {
  const std::size_t n = static_cast<std::size_t>(count);
  std::unique_ptr<char[]> block(new char[n]());
  if (p.is_bits)
    fits_read_col_bit(file, p.number, row + 1, 1, static_cast<long>(count), block.get(), status);
  else
    fits_read_col(file, TLOGICAL, p.number, row + 1, 1, count, nullptr, block.get(), nullptr, status);
  for (std::size_t i = 0; i < n; ++i) out[to + i] = block[i] == 1;
}

void read_texts(fitsfile* file, const ColumnPlan& p, LONGLONG row, LONGLONG count,
                std::vector<std::string>& out, std::size_t to, int* status) {
  const std::size_t n = static_cast<std::size_t>(count), stride = static_cast<std::size_t>(p.width) + 1;
  std::vector<char> bytes(n * stride);
  std::vector<char*> pointers(n);
  for (std::size_t i = 0; i < n; ++i) pointers[i] = bytes.data() + i * stride;
  char none[] = "";
  fits_read_col(file, TSTRING, p.number, row + 1, 1, count, none, pointers.data(), nullptr, status);
  for (std::size_t i = 0; i < n; ++i) {
    std::string s = pointers[i];
    while (!s.empty() && s.back() == ' ') s.pop_back();
    out[to + i] = std::move(s);
  }
}

// Unsigned 64-bit numbers; false at one that no signed one is equal to.
bool read_unsigned(fitsfile* file, ColumnPlan& p, LONGLONG row, LONGLONG count,
                   std::vector<std::int64_t>& out, std::size_t to, int* status) {
  std::vector<std::uint64_t> block(static_cast<std::size_t>(count));
  fits_read_col(file, TULONGLONG, p.number, row + 1, 1, count, nullptr, block.data(), nullptr, status);
  for (std::size_t i = 0; i < block.size() && !*status; ++i) {
    if (block[i] > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      p.why_not = fmt::format("it holds {}, beyond signed 64-bit numbers", block[i]);
      return false;
    }
    out[to + i] = static_cast<std::int64_t>(block[i]);
  }
  return true;
}

// `count` values of consecutive rows from the first value of `row` on.
bool read_values(fitsfile* file, ColumnPlan& p, LONGLONG row, LONGLONG count, std::size_t to, Column& column,
                 int* status) {
  if (count <= 0) return true;
  return std::visit(
      [&](auto& v) {
        using T = typename std::decay_t<decltype(v)>::value_type;
        if constexpr (std::is_same_v<T, bool>) {
          read_logicals(file, p, row, count, v, to, status);
        } else if constexpr (std::is_same_v<T, std::string>) {
          read_texts(file, p, row, count, v, to, status);
        } else {
          if constexpr (std::is_same_v<T, std::int64_t>)
            if (p.type == TULONGLONG) return read_unsigned(file, p, row, count, v, to, status);
          const int type = p.is_complex ? p.type : cfitsio_type<T>();
          read_numbers<T>(file, p, type, row, 1, count, v, to, status);
        }
        return true;
      },
      column.data);
}

}  // namespace

std::string column_name(const CardIndex& cards, int number) {
  return cards.text(indexed("TTYPE", number)).value_or(fmt::format("col{}", number));
}

ColumnPlan plan_column(fitsfile* file, const CardIndex& cards, int number, LONGLONG rows,
                       const std::vector<std::int64_t>* chosen, Column& column) {
  ColumnPlan p;
  p.number = number;
  column.name = column_name(cards, number);
  column.description = cards.comment(indexed("TTYPE", number));
  column.unit = cards.text(indexed("TUNIT", number)).value_or("");
  const auto refuse = [&](std::string why) {
    p.why_not = std::move(why);
    return p;
  };

  // CFITSIO takes a card of these that is no number for one that is not there.
  try {
    if (const auto scale = cards.number(indexed("TSCAL", number)); scale && *scale == 0)
      return refuse(fmt::format("TSCAL{} is 0", number));
    (void)cards.number(indexed("TZERO", number));
    int hdu_type = BINARY_TBL, ignored = 0;
    fits_get_hdu_type(file, &hdu_type, &ignored);
    const auto null = cards.text(indexed("TNULL", number));
    if (hdu_type == BINARY_TBL && null && !parse_int(*null))
      return refuse(fmt::format("TNULL{} = {} is no integer", number, *null));
  } catch (const Error& e) {
    return refuse(e.message());
  }
  int stored = 0, status = 0;
  LONGLONG repeat = 1, width = 1;
  fits_get_coltypell(file, number, &stored, &repeat, &width, &status);
  fits_get_eqcoltypell(file, number, &p.type, &repeat, &width, &status);
  if (status) return refuse(meaning_of(status));
  // It takes a number in quotes for none.
  const tcolumn& as_read = file->Fptr->tableptr[number - 1];
  for (const auto& [stem, taken, absent] :
       {std::tuple{"TSCAL", as_read.tscale, 1.0}, std::tuple{"TZERO", as_read.tzero, 0.0}}) {
    const double said = cards.number(indexed(stem, number)).value_or(absent);
    if (said != taken)
      return refuse(
          fmt::format("{}{} = {} is read as {}: is it text, not a number?", stem, number, said, taken));
  }
  p.is_variable = stored < 0;
  p.type = std::abs(p.type);
  stored = std::abs(stored);
  // CFITSIO would take a float for scaled 16-bit integers, which rounds what their offsets make of them.
  if (is_integer(stored) && p.type == TFLOAT) p.type = TDOUBLE;
  p.has_blanks = is_integer(stored) && p.type == TDOUBLE && cards.text(indexed("TNULL", number)).has_value();
  p.is_bits = p.type == TBIT;
  p.is_complex = p.type == TCOMPLEX || p.type == TDBLCOMPLEX;
  column.blank = blank_of(cards, number, p.type);

  if (p.is_variable) {
    std::string why;
    column.lengths = variable_lengths(file, number, rows, bits_of(stored), chosen, &why, &status);
    if (status) return refuse(meaning_of(status));
    if (!why.empty()) return refuse(why);
    p.repeat = column.lengths.empty() ? 0 : *std::max_element(column.lengths.begin(), column.lengths.end());
  } else {
    p.repeat = repeat;
  }
  if (p.type == TSTRING) {
    // An empty string column (0A) still has one empty value a row; a variable one has one of many characters.
    p.width =
        static_cast<long>(p.is_variable ? std::max<LONGLONG>(1, p.repeat) : std::max<LONGLONG>(1, width));
    p.repeat = p.is_variable ? 1 : std::max<LONGLONG>(1, p.repeat / p.width);
    constexpr long kLongestText = 28'800;  // CFITSIO's buffer for a text; it writes on behind it
    if (p.width > kLongestText)
      return refuse(
          fmt::format("its texts are up to {} characters long, {} can be read", p.width, kLongestText));
    column.string_width = static_cast<int>(std::min<long>(p.width, std::numeric_limits<int>::max()));
    if (p.is_variable) column.lengths.clear();
    if (p.repeat > 1) column.shape = {p.repeat};
  } else if (p.is_variable) {
    column.shape = {p.repeat};
  } else if (p.repeat != 1) {
    column.shape = cards.text(indexed("TDIM", number)) ? shape_of(file, number, p.repeat)
                                                       : std::vector<std::int64_t>{p.repeat};
  }
  if (p.is_complex) column.shape.insert(column.shape.begin(), 2);

  // Padding may cost more than a table is worth: one long row among millions of short ones.
  constexpr double kMostPadded = 1 << 28;
  if (p.is_variable && static_cast<double>(rows) * static_cast<double>(p.repeat) * p.width > kMostPadded)
    return refuse(
        fmt::format("its {} rows are up to {} values long", rows, std::max<LONGLONG>(p.repeat, p.width)));
  const std::size_t values = static_cast<std::size_t>(rows * p.repeat) * (p.is_complex ? 2 : 1);
  if (!make_data(p.type, values, column)) return refuse(fmt::format("its type ({}) is unknown", p.type));
  if (p.is_variable) {
    if (auto* v = std::get_if<std::vector<float>>(&column.data))
      std::fill(v->begin(), v->end(), std::numeric_limits<float>::quiet_NaN());
    if (auto* v = std::get_if<std::vector<double>>(&column.data))
      std::fill(v->begin(), v->end(), std::numeric_limits<double>::quiet_NaN());
  }
  return p;
}

bool read_rows(fitsfile* file, ColumnPlan& p, LONGLONG first, LONGLONG count, LONGLONG to, Column& column) {
  int status = 0;
  bool good = true;
  const std::size_t values = static_cast<std::size_t>(p.repeat) * (p.is_complex ? 2 : 1);
  // Rows one by one where CFITSIO cannot go on from one to the next.
  if (p.is_variable || p.is_bits) {
    for (LONGLONG i = 0; i < count && good && !status; ++i) {
      const auto row = static_cast<std::size_t>(to + i);
      const LONGLONG n = column.lengths.empty() ? p.repeat : column.lengths[row];
      good = read_values(file, p, first + i, n, row * values, column, &status);
    }
  } else {
    good =
        read_values(file, p, first, count * p.repeat, static_cast<std::size_t>(to) * values, column, &status);
  }
  if (status) p.why_not = meaning_of(status);
  return good && !status;
}

}  // namespace brickline::fits
