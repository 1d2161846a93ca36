// The table half of FitsReader.
#include <fitsio.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "core/base/error.h"
#include "core/fits/cfitsio_types.h"
#include "core/fits/fits_reader.h"

namespace brickline::fits {
namespace {

// Where one column's values are read to.
struct ColumnPlan {
  int number = 0;  // CFITSIO's, from 1
  int type = 0;    // equivalent type after TSCAL/TZERO
  LONGLONG repeat = 1;
  long width = 1;  // of strings: characters
};

// Rows `row` ... of the file become rows `to` ... of the column.
template <typename V>
void read_block(fitsfile* f, const ColumnPlan& plan, int type, LONGLONG row, LONGLONG rows, LONGLONG to,
                V& out, int* status) {
  using T = typename V::value_type;
  const std::size_t n = static_cast<std::size_t>(rows * plan.repeat);
  std::vector<T> block(n);
  fits_read_col(f, type, plan.number, row + 1, 1, static_cast<LONGLONG>(n), nullptr, block.data(), nullptr,
                status);
  std::copy(block.begin(), block.end(), out.begin() + static_cast<std::size_t>(to * plan.repeat));
}

void read_logical_block(fitsfile* f, const ColumnPlan& plan, LONGLONG row, LONGLONG rows, LONGLONG to,
                        std::vector<bool>& out, int* status) {
  const std::size_t n = static_cast<std::size_t>(rows * plan.repeat);
  std::unique_ptr<char[]> block(new char[n]());
  if (plan.type == TBIT)
    for (LONGLONG r = 0; r < rows; ++r)
      fits_read_col_bit(f, plan.number, row + r + 1, 1, static_cast<long>(plan.repeat),
                        block.get() + r * plan.repeat, status);
  else
    fits_read_col(f, TLOGICAL, plan.number, row + 1, 1, static_cast<LONGLONG>(n), nullptr, block.get(),
                  nullptr, status);
  for (std::size_t i = 0; i < n; ++i) out[static_cast<std::size_t>(to * plan.repeat) + i] = block[i] == 1;
}

void read_text_block(fitsfile* f, const ColumnPlan& plan, LONGLONG row, LONGLONG rows, LONGLONG to,
                     std::vector<std::string>& out, int* status) {
  const std::size_t n = static_cast<std::size_t>(rows * plan.repeat);
  std::vector<char> bytes(n * static_cast<std::size_t>(plan.width + 1));
  std::vector<char*> pointers(n);
  for (std::size_t i = 0; i < n; ++i)
    pointers[i] = bytes.data() + i * static_cast<std::size_t>(plan.width + 1);
  char none[] = "";
  fits_read_col(f, TSTRING, plan.number, row + 1, 1, static_cast<LONGLONG>(n), none, pointers.data(), nullptr,
                status);
  for (std::size_t i = 0; i < n; ++i) {
    std::string s = pointers[i];
    while (!s.empty() && s.back() == ' ') s.pop_back();
    out[static_cast<std::size_t>(to * plan.repeat) + i] = std::move(s);
  }
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// Consecutive rows of a file.
struct Run {
  LONGLONG first = 0, count = 0;
};

// `rows` as runs of at most `longest`.
std::vector<Run> runs_of(const std::vector<std::int64_t>& rows, LONGLONG longest) {
  std::vector<Run> runs;
  for (const std::int64_t row : rows)
    if (!runs.empty() && runs.back().first + runs.back().count == row && runs.back().count < longest)
      ++runs.back().count;
    else
      runs.push_back({row, 1});
  return runs;
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
  Table out;
  out.set_rows(out_rows);
  std::vector<ColumnPlan> plans;
  std::vector<Column> columns;
  for (int c = 1; c <= count; ++c) {
    ColumnPlan plan;
    plan.number = c;
    long repeat = 1, width = 1;
    fits_get_eqcoltype(f, c, &plan.type, &repeat, &width, &status);
    if (status) fail(status, hdu, fmt::format("cannot read the type of column {}", c));
    plan.repeat = repeat;
    Column column;
    char key[FLEN_KEYWORD], value[FLEN_VALUE] = "", comment[FLEN_COMMENT] = "";
    fits_make_keyn("TTYPE", c, key, &status);
    fits_read_key(f, TSTRING, key, value, comment, &status);
    if (status) {
      status = 0;
      std::snprintf(value, sizeof value, "col%d", c);
    }
    column.name = value;
    if (names && std::none_of(names->begin(), names->end(),
                              [&](const std::string& n) { return same_name(n, column.name); }))
      continue;
    column.description = comment;
    value[0] = 0;
    fits_make_keyn("TUNIT", c, key, &status);
    fits_read_key(f, TSTRING, key, value, nullptr, &status);
    if (status) {
      status = 0;
    } else {
      column.unit = value;
    }
    if (plan.type == TSTRING) {
      // An empty string column (0A) still has one empty value a row.
      plan.width = std::max(1L, width);
      plan.repeat = repeat > 0 ? std::max<LONGLONG>(1, repeat / std::max(1L, width)) : 1;
      column.string_width = static_cast<int>(plan.width);
      if (plan.repeat > 1) column.shape = {plan.repeat};
    } else if (plan.type > 0 && plan.repeat != 1) {
      int naxis = 0;
      LONGLONG axes[9] = {0};
      fits_read_tdimll(f, c, 9, &naxis, axes, &status);
      if (status) fail(status, hdu, fmt::format("cannot read the shape of column {}", column.name));
      column.shape.assign(axes, axes + naxis);
    }
    const std::size_t n = static_cast<std::size_t>(out_rows * plan.repeat);
    switch (plan.type) {
      case TLOGICAL:
      case TBIT:
        column.data = std::vector<bool>(n);
        break;
      case TBYTE:
        column.data = std::vector<std::uint8_t>(n);
        break;
      case TSBYTE:
      case TSHORT:
        column.data = std::vector<std::int16_t>(n);
        break;
      case TUSHORT:
      case TINT:
      case TLONG:
        column.data = std::vector<std::int32_t>(n);
        break;
      case TUINT:
      case TULONG:
      case TLONGLONG:
        column.data = std::vector<std::int64_t>(n);
        break;
      case TFLOAT:
        column.data = std::vector<float>(n);
        break;
      case TDOUBLE:
        column.data = std::vector<double>(n);
        break;
      case TSTRING:
        column.data = std::vector<std::string>(n);
        break;
      default:
        continue;  // complex and variable-length columns have no use here
    }
    plans.push_back(plan);
    columns.push_back(std::move(column));
  }

  // Whole rows at a time: going column by column through a large file would read it once for every column.
  long block = 1;
  fits_get_rowsize(f, &block, &status);
  block = std::max(1L, block);
  std::vector<Run> runs;
  if (chosen)
    runs = runs_of(*chosen, block);
  else
    for (LONGLONG row = 0; row < rows; row += block)
      runs.push_back({row, std::min<LONGLONG>(block, rows - row)});
  LONGLONG to = 0;
  for (const Run& run : runs) {
    for (std::size_t i = 0; i < plans.size() && !status; ++i) {
      const ColumnPlan& plan = plans[i];
      if (plan.repeat == 0) continue;
      std::visit(
          [&](auto& v) {
            using T = typename std::decay_t<decltype(v)>::value_type;
            if constexpr (std::is_same_v<T, bool>)
              read_logical_block(f, plan, run.first, run.count, to, v, &status);
            else if constexpr (std::is_same_v<T, std::string>)
              read_text_block(f, plan, run.first, run.count, to, v, &status);
            else
              read_block(f, plan, cfitsio_type<T>(), run.first, run.count, to, v, &status);
          },
          columns[i].data);
      if (status) fail(status, hdu, fmt::format("cannot read column {}", columns[i].name));
    }
    to += run.count;
  }
  if (status) fail(status, hdu, "cannot read the table");
  for (Column& c : columns) out.add(std::move(c));
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
