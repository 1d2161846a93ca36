#include "core/survey/concatenate_tables.h"

#include <algorithm>

#include "core/base/error.h"

namespace brickline {
namespace {

// The order of Column::Data's alternatives.
enum Kind { kBool, kUint8, kInt16, kInt32, kInt64, kFloat, kDouble, kString };

Kind promoted(Kind a, Kind b) {
  if (a == b) return a;
  const Kind low = std::min(a, b), high = std::max(a, b);
  if (high == kFloat && low >= kInt32) return kDouble;
  return high;
}

fits::Column::Data empty_data(Kind kind) {
  switch (kind) {
    case kBool:
      return std::vector<bool>{};
    case kUint8:
      return std::vector<std::uint8_t>{};
    case kInt16:
      return std::vector<std::int16_t>{};
    case kInt32:
      return std::vector<std::int32_t>{};
    case kInt64:
      return std::vector<std::int64_t>{};
    case kFloat:
      return std::vector<float>{};
    case kDouble:
      return std::vector<double>{};
    case kString:
      return std::vector<std::string>{};
  }
  return {};
}

// Appends one column's values (of a kind that promotes to the target's), or `count` zero values.
void append(fits::Column::Data& target, const fits::Column* source, std::size_t count) {
  std::visit(
      [&](auto& values) {
        using Value = typename std::decay_t<decltype(values)>::value_type;
        if (!source) {
          values.resize(values.size() + count);
          return;
        }
        std::visit(
            [&](const auto& from) {
              using From = typename std::decay_t<decltype(from)>::value_type;
              if constexpr (std::is_same_v<Value, From>)
                values.insert(values.end(), from.begin(), from.end());
              else if constexpr (std::is_arithmetic_v<Value> && std::is_arithmetic_v<From>)
                for (const auto v : from) values.push_back(static_cast<Value>(v));
            },
            source->data);
      },
      target);
}

}  // namespace

fits::Table concatenate_tables(const std::vector<NamedTable>& tables) {
  if (tables.empty()) return {};
  fits::Table result;
  std::int64_t rows = 0;
  std::vector<fits::Column> plan;  // without data
  std::vector<Kind> kinds;
  std::vector<const std::string*> origin;
  for (const NamedTable& t : tables) {
    rows += t.table.rows();
    for (const fits::Column& column : t.table.columns()) {
      const auto same = [&](const fits::Column& p) {
        return std::equal(
            p.name.begin(), p.name.end(), column.name.begin(), column.name.end(),
            [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
      };
      const auto found = std::find_if(plan.begin(), plan.end(), same);
      const Kind kind = static_cast<Kind>(column.data.index());
      if (found == plan.end()) {
        fits::Column planned;
        planned.name = column.name;
        planned.unit = column.unit;
        planned.description = column.description;
        planned.shape = column.shape;
        planned.string_width = column.string_width;
        plan.push_back(std::move(planned));
        kinds.push_back(kind);
        origin.push_back(&t.name);
        continue;
      }
      const std::size_t i = found - plan.begin();
      if ((kinds[i] == kString) != (kind == kString))
        throw input_error("column {} holds text in {} and numbers in {}", column.name,
                          kind == kString ? t.name : *origin[i], kind == kString ? *origin[i] : t.name);
      if (found->width() != column.width())
        throw input_error("column {} has {} values per row in {} but {} in {}", column.name, found->width(),
                          *origin[i], column.width(), t.name);
      kinds[i] = promoted(kinds[i], kind);
      found->string_width = std::max(found->string_width, column.string_width);
    }
  }
  for (std::size_t i = 0; i < plan.size(); ++i) {
    plan[i].data = empty_data(kinds[i]);
    for (const NamedTable& t : tables)
      append(plan[i].data, t.table.find(plan[i].name),
             static_cast<std::size_t>(t.table.rows() * plan[i].width()));
    result.add(std::move(plan[i]));
  }
  result.set_rows(rows);
  return result;
}

}  // namespace brickline
