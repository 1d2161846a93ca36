#include "core/fits/table.h"

#include <fmt/format.h>
#include <strings.h>

#include <cmath>
#include <type_traits>

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
          return static_cast<Out>(v[index]);
        }
      },
      c.data);
}

}  // namespace

const Column* Table::find(std::string_view name) const {
  for (const Column& c : columns_)
    if (same_name(c.name, name)) return &c;
  return nullptr;
}
Column* Table::find(std::string_view name) {
  for (Column& c : columns_)
    if (same_name(c.name, name)) return &c;
  return nullptr;
}
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
      throw input_error("column {} row {}: {} is not an integer", c.name, row, value);
    return static_cast<std::int64_t>(value);
  }
  return convert<std::int64_t>(c, index);
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

void Table::add(Column column) {
  const auto values = static_cast<std::int64_t>(length(column.data));
  const std::int64_t width = column.width();
  if (columns_.empty() && rows_ == 0) rows_ = width > 0 ? values / width : 0;
  if (values != rows_ * width)
    throw internal_error("column {} has {} values, not {} rows of {}", column.name, values, rows_, width);
  if (Column* old = find(column.name))
    *old = std::move(column);
  else
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
    out.columns_.push_back(std::move(picked));
  }
  return out;
}

}  // namespace brickline::fits
