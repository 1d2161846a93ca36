// Binary tables in memory: named, typed columns of equal length.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace brickline::fits {

// One column. A row holds `width()` values (the product of `shape`; 1 for a scalar column), row after row.
// Strings are one per row, trailing blanks removed. A column of variable length has as many values in every
// row as its longest row; those behind a row's own are NaN, zero, false or empty.
struct Column {
  using Data = std::variant<std::vector<bool>, std::vector<std::uint8_t>, std::vector<std::int16_t>,
                            std::vector<std::int32_t>, std::vector<std::int64_t>, std::vector<float>,
                            std::vector<double>, std::vector<std::string>>;
  std::string name;
  std::string unit;
  std::string description;          // written as the TTYPE card's comment
  std::vector<std::int64_t> shape;  // per row, fastest axis first as in TDIM; empty for scalars
  Data data;
  // Of string columns: characters in the file; 0 lets the writer take the longest value.
  int string_width = 0;
  std::vector<std::int64_t> lengths;  // of variable length: how many values each row has; else empty
  std::optional<std::int64_t> blank;  // of integers: the number that stands for none (TNULL)

  std::int64_t width() const {
    std::int64_t n = 1;
    for (std::int64_t s : shape) n *= s;
    return n;
  }
  bool is_string() const { return std::holds_alternative<std::vector<std::string>>(data); }
};

class Table {
 public:
  std::int64_t rows() const { return rows_; }
  const std::vector<Column>& columns() const { return columns_; }
  std::vector<Column>& columns() { return columns_; }
  bool empty() const { return rows_ == 0; }

  // A column goes by its exact name, or by one that differs from it in case if there is a single such column.
  // To ask for one of several columns that are called the same, or for one that could not be read, is an
  // Error (kInput); `has` is true of both.
  bool has(std::string_view name) const;
  const Column* find(std::string_view name) const;  // null if absent
  Column* find(std::string_view name);
  const Column& require(std::string_view name) const;  // Error (kInput) if absent

  // One value, converted; `element` counts within the row. Absent column or a type that cannot be converted:
  // Error. A blank integer is NaN as a number, and no integer.
  double number(std::string_view name, std::int64_t row, std::int64_t element = 0) const;
  std::int64_t integer(std::string_view name, std::int64_t row, std::int64_t element = 0) const;
  bool logical(std::string_view name, std::int64_t row, std::int64_t element = 0) const;
  std::string text(std::string_view name, std::int64_t row) const;  // both ends stripped of blanks
  // A whole column (all elements) converted to double.
  std::vector<double> numbers(std::string_view name) const;

  // Adds a column; its length must be rows()*width (the first column sets rows()).
  template <typename T>
  void add(std::string name, std::vector<T> values, std::string unit = {},
           std::vector<std::int64_t> shape = {}, std::string description = {}) {
    Column c;
    c.name = std::move(name);
    c.unit = std::move(unit);
    c.description = std::move(description);
    c.shape = std::move(shape);
    c.data = std::move(values);
    add(std::move(c));
  }
  void add(Column column);     // replaces a column of that name, whatever its case
  void append(Column column);  // as it is, beside others that may be called the same

  // A column of the file that could not be read.
  struct Unreadable {
    std::string name, why;
  };
  const std::vector<Unreadable>& unreadable() const { return unreadable_; }
  void add_unreadable(std::string name, std::string why) {
    unreadable_.push_back({std::move(name), std::move(why)});
  }

  void set_rows(std::int64_t rows) { rows_ = rows; }  // for a table without columns

  // The rows of those indices, in that order.
  Table select(const std::vector<std::int64_t>& rows) const;

 private:
  void check_length(const Column& column);  // the first column sets rows()
  std::int64_t rows_ = 0;
  std::vector<Column> columns_;
  std::vector<Unreadable> unreadable_;
};

}  // namespace brickline::fits
