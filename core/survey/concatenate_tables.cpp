#include "core/survey/concatenate_tables.h"

#include <algorithm>
#include <limits>

#include "core/base/error.h"
#include "core/base/letter_case.h"

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

// Appends the values of `source`, of a kind that promotes to the target's. What is blank there is blank in the target,
// NaN where that holds real numbers. False where a number that is one equals the target's blank.
template <typename Value, typename From>
bool append_values(const std::vector<From>& from, const fits::Column& source, const fits::Column& target,
                   std::vector<Value>& values) {
  constexpr bool from_integers = std::is_integral_v<From> && !std::is_same_v<From, bool>;
  bool good = true;
  if constexpr (std::is_floating_point_v<Value> && from_integers) {
    for (const From v : from)
      values.push_back(source.blank == std::int64_t{v} ? std::numeric_limits<Value>::quiet_NaN()
                                                       : static_cast<Value>(v));
  } else if constexpr (std::is_integral_v<Value> && from_integers) {
    for (const From v : from) {
      const bool is_blank = source.blank == std::int64_t{v};
      if (!is_blank && target.blank == std::int64_t{v}) good = false;
      values.push_back(static_cast<Value>(is_blank ? *target.blank : std::int64_t{v}));
    }
  } else if constexpr (std::is_same_v<Value, From>) {
    values.insert(values.end(), from.begin(), from.end());
  } else if constexpr (std::is_arithmetic_v<Value> && std::is_arithmetic_v<From>) {
    for (const auto v : from) values.push_back(static_cast<Value>(v));
  }
  return good;
}

// Appends one column's values, or `count` zero values without a source. False as append_values.
bool append(fits::Column& target, const fits::Column* source, std::size_t count) {
  return std::visit(
      [&](auto& values) {
        if (!source) {
          values.resize(values.size() + count);
          return true;
        }
        return std::visit([&](const auto& from) { return append_values(from, *source, target, values); },
                          source->data);
      },
      target.data);
}

// Columns that cannot be read in one of the tables, each with that table and the reason.
std::vector<fits::Table::Unreadable> unreadable_in_any(const std::vector<NamedTable>& tables) {
  std::vector<fits::Table::Unreadable> found;
  for (const NamedTable& t : tables)
    for (const fits::Table::Unreadable& u : t.table.unreadable())
      if (std::none_of(found.begin(), found.end(),
                       [&](const fits::Table::Unreadable& f) { return equal_but_for_case(f.name, u.name); }))
        found.push_back({u.name, fmt::format("{} (in {})", u.why, t.name)});
  return found;
}

}  // namespace

fits::Table concatenate_tables(const std::vector<NamedTable>& tables) {
  if (tables.empty()) return {};
  fits::Table result;
  std::int64_t rows = 0;
  std::vector<fits::Column> plan;  // without data
  std::vector<Kind> kinds;
  std::vector<const std::string*> origin;
  const std::vector<fits::Table::Unreadable> unreadable = unreadable_in_any(tables);
  for (const NamedTable& t : tables) {
    rows += t.table.rows();
    for (const fits::Column& column : t.table.columns()) {
      if (std::any_of(unreadable.begin(), unreadable.end(), [&](const fits::Table::Unreadable& u) {
            return equal_but_for_case(u.name, column.name);
          }))
        continue;
      const auto same = [&](const fits::Column& p) { return equal_but_for_case(p.name, column.name); };
      const auto found = std::find_if(plan.begin(), plan.end(), same);
      const Kind kind = static_cast<Kind>(column.data.index());
      if (found == plan.end()) {
        fits::Column planned;
        planned.name = column.name;
        planned.unit = column.unit;
        planned.description = column.description;
        planned.shape = column.shape;
        planned.string_width = column.string_width;
        planned.blank = column.blank;
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
      if (!found->blank) found->blank = column.blank;
    }
  }
  for (std::size_t i = 0; i < plan.size(); ++i) {
    plan[i].data = empty_data(kinds[i]);
    if (kinds[i] == kFloat || kinds[i] == kDouble) plan[i].blank.reset();
    for (const NamedTable& t : tables)
      if (!append(plan[i], t.table.find(plan[i].name),
                  static_cast<std::size_t>(t.table.rows() * plan[i].width())))
        throw input_error("column {} holds {} in {}, which stands for no number in another table",
                          plan[i].name, *plan[i].blank, t.name);
    result.add(std::move(plan[i]));
  }
  for (const fits::Table::Unreadable& u : unreadable) result.add_unreadable(u.name, u.why);
  result.set_rows(rows);
  return result;
}

}  // namespace brickline
