// The table half of FitsReader.
#include <fitsio.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/fits/cfitsio_types.h"
#include "core/fits/fits_reader.h"
#include "core/fits/table_columns.h"

namespace brickline::fits {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// Consecutive rows of a file.
struct Run {
  LONGLONG first = 0, count = 0;
};

// The chosen rows (null: all) as runs of at most `longest`.
std::vector<Run> runs_of(const std::vector<std::int64_t>* chosen, LONGLONG rows, LONGLONG longest) {
  std::vector<Run> runs;
  if (!chosen) {
    for (LONGLONG row = 0; row < rows; row += longest) runs.push_back({row, std::min(longest, rows - row)});
    return runs;
  }
  for (const std::int64_t row : *chosen)
    if (!runs.empty() && runs.back().first + runs.back().count == row && runs.back().count < longest)
      ++runs.back().count;
    else
      runs.push_back({row, 1});
  return runs;
}

// Bytes that a column of that TFORM takes of a row; -1 where it is none.
std::int64_t bytes_of_form(std::string_view form) {
  form = stripped(form);
  const auto letter = form.find_first_not_of("0123456789");
  if (letter == std::string_view::npos) return -1;
  const auto repeat = letter == 0 ? std::optional<std::int64_t>(1) : parse_int(form.substr(0, letter));
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  if (!repeat || *repeat > kMost) return -1;
  switch (std::toupper(static_cast<unsigned char>(form[letter]))) {
    case 'X':
      return (*repeat + 7) / 8;
    case 'L':
    case 'B':
    case 'A':
      return *repeat;
    case 'I':
      return 2 * *repeat;
    case 'J':
    case 'E':
      return 4 * *repeat;
    case 'K':
    case 'D':
    case 'C':
    case 'P':
      return 8 * *repeat;
    case 'M':
    case 'Q':
      return 16 * *repeat;
    default:
      return -1;
  }
}

// CFITSIO reads on where the columns do not fill a row, or fill more: numbers of other columns.
void check_row_width(const CardIndex& cards, int columns) {
  if (cards.text("XTENSION").value_or("") != "BINTABLE") return;
  const std::int64_t width = cards.integer("NAXIS1").value_or(0);
  std::int64_t sum = 0;
  bool all_known = true;  // else that column will say so itself
  for (int i = 1; i <= columns; ++i) {
    const std::int64_t bytes = bytes_of_form(cards.text(fmt::format("TFORM{}", i)).value_or(""));
    all_known = all_known && bytes >= 0;
    sum += std::max<std::int64_t>(0, bytes);
  }
  if (sum > width || (all_known && sum != width))
    throw input_error("the columns (TFORM) take {} bytes of a row, NAXIS1 says {}", sum, width);
}

// Tables packed by fpack, whose columns hold bytes.
void refuse_packed_table(const CardIndex& cards) {
  if (cards.text("ZTABLE").value_or("F") == "T")
    throw input_error("the table is compressed (ZTABLE = T), which is not read; funpack unpacks it");
}

}  // namespace

Table FitsReader::table(int hdu) { return table_part(hdu, nullptr, nullptr); }

Table FitsReader::columns(int hdu, const std::vector<std::string>& names) {
  return table_part(hdu, &names, nullptr);
}

Table FitsReader::rows(int hdu, const std::vector<std::int64_t>& rows,
                       const std::vector<std::string>& names) {
  return table_part(hdu, names.empty() ? nullptr : &names, &rows);
}

std::int64_t FitsReader::table_rows(int hdu) {
  if (!is_table(hdu))
    throw input_error("HDU {} holds an image, not a table", hdu).in_file(path_.string(), std::to_string(hdu));
  int status = 0;
  LONGLONG rows = 0;
  fits_get_num_rowsll(static_cast<fitsfile*>(file_), &rows, &status);
  if (status) fail(status, hdu, "cannot read the table's size");
  return rows;
}

std::int64_t FitsReader::table_size(int hdu) {
  const std::int64_t rows = table_rows(hdu);
  int status = 0;
  LONGLONG width = 0;
  char key[] = "NAXIS1";
  fits_read_key(static_cast<fitsfile*>(file_), TLONGLONG, key, &width, nullptr, &status);
  if (status) fail(status, hdu, "cannot read the table's size");
  return rows * width;
}

std::vector<std::uint8_t> FitsReader::table_bytes(int hdu) { return table_bytes(hdu, 0, table_size(hdu)); }

std::vector<std::uint8_t> FitsReader::table_bytes(int hdu, std::int64_t first, std::int64_t count) {
  const std::int64_t size = table_size(hdu);
  if (first < 0 || count < 0 || first > size || count > size - first)
    throw input_error("bytes {} to {} of a table of {} were asked for", first, first + count, size)
        .in_file(path_.string(), std::to_string(hdu));
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count));
  int status = 0;
  if (count) fits_read_tblbytes(static_cast<fitsfile*>(file_), 1, first + 1, count, bytes.data(), &status);
  if (status) fail(status, hdu, "cannot read the table's bytes");
  return bytes;
}

Table FitsReader::table_part(int hdu, const std::vector<std::string>* names,
                             const std::vector<std::int64_t>* chosen) {
  if (!is_table(hdu))
    throw input_error("HDU {} holds an image, not a table", hdu).in_file(path_.string(), std::to_string(hdu));
  fitsfile* f = static_cast<fitsfile*>(file_);
  int status = 0, count = 0;
  LONGLONG rows = 0;
  fits_get_num_rowsll(f, &rows, &status);
  fits_get_num_cols(f, &count, &status);
  if (status) fail(status, hdu, "cannot read the table's size");
  if (chosen)
    for (const std::int64_t row : *chosen)
      if (row < 0 || row >= rows)
        throw input_error("row {} of a table of {} rows was asked for", row, rows)
            .in_file(path_.string(), std::to_string(hdu));

  const LONGLONG out_rows = chosen ? static_cast<LONGLONG>(chosen->size()) : rows;
  const CardIndex cards = [&] {
    try {
      CardIndex index(f);
      refuse_packed_table(index);
      check_row_width(index, count);
      return index;
    } catch (Error& e) {
      e.in_file(path_.string(), std::to_string(hdu));
      throw;
    }
  }();
  std::vector<ColumnPlan> plans;
  std::vector<Column> columns;
  for (int c = 1; c <= count; ++c) {
    const std::string name = column_name(cards, c);
    if (names &&
        std::none_of(names->begin(), names->end(), [&](const std::string& n) { return same_name(n, name); }))
      continue;
    plans.push_back(plan_column(f, cards, c, out_rows, chosen, columns.emplace_back()));
  }

  // Whole rows at a time: going column by column through a large file would read it once for every column.
  long block = 1;
  fits_get_rowsize(f, &block, &status);
  if (status) fail(status, hdu, "cannot read the table");
  LONGLONG to = 0;
  for (const Run& run : runs_of(chosen, rows, std::max(1L, block))) {
    for (std::size_t i = 0; i < plans.size(); ++i)
      if (plans[i].why_not.empty()) read_rows(f, plans[i], run.first, run.count, to, columns[i]);
    to += run.count;
  }

  Table out;
  out.set_rows(out_rows);
  for (std::size_t i = 0; i < plans.size(); ++i)
    if (plans[i].why_not.empty())
      out.append(std::move(columns[i]));
    else
      out.add_unreadable(columns[i].name, plans[i].why_not);
  return out;
}

Table FitsReader::compression_columns(int hdu) {
  const ImageInfo info = image_info(hdu);
  Table out;
  if (!info.compressed) return out;
  fitsfile* f = static_cast<fitsfile*>(file_);
  int status = 0;
  LONGLONG rows = 0;
  char key[] = "NAXIS2";
  fits_read_key(f, TLONGLONG, key, &rows, nullptr, &status);
  if (status) fail(status, hdu, "cannot read the number of tiles");
  for (const char* name : {"ZSCALE", "ZZERO"}) {
    int number = 0;
    char pattern[FLEN_VALUE];
    std::strcpy(pattern, name);
    fits_get_colnum(f, CASEINSEN, pattern, &number, &status);
    if (status) {
      status = 0;
      continue;
    }
    std::vector<double> values(static_cast<std::size_t>(rows));
    fits_read_col(f, TDOUBLE, number, 1, 1, rows, nullptr, values.data(), nullptr, &status);
    if (status) fail(status, hdu, fmt::format("cannot read column {}", name));
    out.add(name, std::move(values));
  }
  return out;
}

}  // namespace brickline::fits
