// Binary tables as rows of bytes: which columns a table has and where in a row they stand, rows picked from tables and put
// together anew, in bounded memory. For tables of many bricks, whose values are copied and never looked at.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/fits/header.h"

namespace brickline {

// A column as the table's header has it.
struct RowColumn {
  std::string name;           // as in the file
  char type = 'X';            // of TFORM: L B I J K E D A
  std::int64_t repeat = 1;    // values in a row; characters, of texts
  std::string unit, tdim;     // empty: none
  std::string unusable = {};  // why its bytes mean nothing elsewhere; empty: they do
  std::int64_t bytes() const;
  std::string format() const;  // TFORM
};

struct RowLayout {
  std::vector<RowColumn> columns;
  std::vector<std::int64_t> offsets;  // bytes, in a row
  std::int64_t row_bytes = 0, rows = 0;
  // Without case.
  std::optional<std::size_t> find(std::string_view name) const;
};

// Of a table's header. Error (kInput): columns of variable length, bits, complex or scaled numbers, or a width that is
// not that of the columns.
RowLayout row_layout(const fits::Header& header);
// The same, of tables of which some columns are taken: others may be of any kind, and are unusable.
RowLayout any_row_layout(const fits::Header& header);
// Error (kInput): it is unusable.
void require_usable(const RowColumn& column);

// Writes one table row by row: a primary HDU of cards and a table. No clock enters the file.
class RowTableWriter {
 public:
  // The names are written as they are given; `cards` are further ones of the table.
  RowTableWriter(std::filesystem::path path, const fits::Header& primary, std::vector<RowColumn> columns,
                 std::string_view extname, fits::Header cards = {});
  // Whole rows.
  void append(std::span<const std::uint8_t> rows);
  std::int64_t rows() const { return rows_; }
  std::int64_t row_bytes() const { return row_bytes_; }
  // The number of rows is written, and all is on the disk.
  void finish();
  void put_in_place() { file_.put_in_place(); }

 private:
  AtomicFile file_;
  std::vector<RowColumn> columns_;
  std::string extname_;
  fits::Header cards_;
  std::int64_t header_at_ = 0, row_bytes_ = 0, rows_ = 0;
  std::string header() const;
};

}  // namespace brickline
