#include "core/fits/table.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "core/base/error.h"

namespace brickline::fits {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::size_t length(const Column::Data& data) {
  return std::visit([](const auto& v) { return v.size(); }, data);
}

template <typename Out>
Out convert(const Column& c, std::size_t index) {
  return std::visit(
      [&](const auto& v) -> Out {
        using V = typename std::decay_t<decltype(v)>::value_type;
        if constexpr (std::is_same_v<V, std::string>) {
          throw input_error("column {} holds text, not numbers", c.name);
        } else {
          if (index >= v.size()) throw internal_error("row out of range in column {}", c.name);
          if constexpr (std::is_floating_point_v<Out> && std::is_integral_v<V> && !std::is_same_v<V, bool>)
            if (c.blank && static_cast<std::int64_t>(v[index]) == *c.blank)
              return std::numeric_limits<Out>::quiet_NaN();
          return static_cast<Out>(v[index]);
        }
      },
      c.data);
}

}  // namespace

bool Table::has(std::string_view name) const {
  const auto called_so = [&](const auto& c) { return same_name(c.name, name); };
  return std::any_of(columns_.begin(), columns_.end(), called_so) ||
         std::any_of(unreadable_.begin(), unreadable_.end(), called_so);
}

const Column* Table::find(std::string_view name) const {
  const Column *exact = nullptr, *alike = nullptr;
  int exact_count = 0, alike_count = 0;
  for (const Column& c : columns_) {
    if (!same_name(c.name, name)) continue;
    ++alike_count;
    alike = &c;
    if (c.name == name) {
      ++exact_count;
      exact = &c;
    }
  }
  if (exact_count == 1) return exact;
  if (exact_count > 1) throw input_error("the table has {} columns {}", exact_count, name);
  if (alike_count > 1)
    throw input_error("the table has {} columns {} that differ by case alone", alike_count, name);
  if (alike) return alike;
  for (const Unreadable& u : unreadable_)
    if (same_name(u.name, name)) throw input_error("column {} cannot be read: {}", u.name, u.why);
  return nullptr;
}
Column* Table::find(std::string_view name) { return const_cast<Column*>(std::as_const(*this).find(name)); }

const Column& Table::require(std::string_view name) const {
  if (const Column* c = find(name)) return *c;
  throw input_error("the table has no column {}", name);
}

double Table::number(std::string_view name, std::int64_t row, std::int64_t element) const {
  const Column& c = require(name);
  return convert<double>(c, static_cast<std::size_t>(row * c.width() + element));
}
std::int64_t Table::integer(std::string_view name, std::int64_t row, std::int64_t element) const {
  const Column& c = require(name);
  const auto index = static_cast<std::size_t>(row * c.width() + element);
  if (std::holds_alternative<std::vector<float>>(c.data) ||
      std::holds_alternative<std::vector<double>>(c.data)) {
    const double value = convert<double>(c, index);
    if (!std::isfinite(value) || value != std::floor(value) || std::abs(value) > 9e15)
      throw input_error("column {} row {}: {} is not an integer", c.name, row + 1, value);
    return static_cast<std::int64_t>(value);
  }
  const auto value = convert<std::int64_t>(c, index);
  if (c.blank && value == *c.blank) throw input_error("column {} row {} is blank", c.name, row + 1);
  return value;
}
bool Table::logical(std::string_view name, std::int64_t row, std::int64_t element) const {
  const Column& c = require(name);
  return convert<double>(c, static_cast<std::size_t>(row * c.width() + element)) != 0;
}
std::string Table::text(std::string_view name, std::int64_t row) const {
  const Column& c = require(name);
  const auto* values = std::get_if<std::vector<std::string>>(&c.data);
  if (!values) throw input_error("column {} holds numbers, not text", c.name);
  std::string_view s = values->at(static_cast<std::size_t>(row * c.width()));
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return std::string(s);
}
std::vector<double> Table::numbers(std::string_view name) const {
  const Column& c = require(name);
  std::vector<double> out(length(c.data));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = convert<double>(c, i);
  return out;
}

void Table::check_length(const Column& column) {
  const auto values = static_cast<std::int64_t>(length(column.data));
  const std::int64_t width = column.width();
  if (columns_.empty() && rows_ == 0) rows_ = width > 0 ? values / width : 0;
  if (values != rows_ * width)
    throw internal_error("column {} has {} values, not {} rows of {}", column.name, values, rows_, width);
}

void Table::append(Column column) {
  check_length(column);
  columns_.push_back(std::move(column));
}

void Table::add(Column column) {
  check_length(column);
  for (Column& old : columns_)
    if (same_name(old.name, column.name)) {
      old = std::move(column);
      return;
    }
  columns_.push_back(std::move(column));
}

Table Table::select(const std::vector<std::int64_t>& rows) const {
  Table out;
  out.rows_ = static_cast<std::int64_t>(rows.size());
  for (const Column& c : columns_) {
    Column picked = c;
    const std::int64_t width = c.width();
    std::visit(
        [&](auto& v) {
          const auto source = v;
          v.clear();
          v.reserve(rows.size() * static_cast<std::size_t>(width));
          for (std::int64_t r : rows)
            for (std::int64_t e = 0; e < width; ++e)
              v.push_back(source.at(static_cast<std::size_t>(r * width + e)));
        },
        picked.data);
    if (!c.lengths.empty()) {
      picked.lengths.clear();
      for (std::int64_t r : rows) picked.lengths.push_back(c.lengths.at(static_cast<std::size_t>(r)));
    }
    out.columns_.push_back(std::move(picked));
  }
  out.unreadable_ = unreadable_;
  return out;
}

}  // namespace brickline::fits
