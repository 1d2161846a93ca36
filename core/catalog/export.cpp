#include "core/catalog/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/base/error.h"

namespace brickline {
namespace {

template <typename T>
constexpr const char* ecsv_type() {
  if constexpr (std::is_same_v<T, bool>) return "bool";
  if constexpr (std::is_same_v<T, std::uint8_t>) return "uint8";
  if constexpr (std::is_same_v<T, std::int16_t>) return "int16";
  if constexpr (std::is_same_v<T, std::int32_t>) return "int32";
  if constexpr (std::is_same_v<T, std::int64_t>) return "int64";
  if constexpr (std::is_same_v<T, float>) return "float32";
  if constexpr (std::is_same_v<T, double>) return "float64";
  return "string";
}

// Between quotes, with those inside doubled.
std::string in_quotes(const std::string& text, char quote) {
  std::string out(1, quote);
  for (char c : text) {
    if (c == quote) out.push_back(quote);
    out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

// A YAML scalar.
std::string yaml_text(const std::string& text) { return in_quotes(text, '\''); }

// A value of the table's text: quoted where it would not be read as one word.
std::string quoted(const std::string& text) {
  const bool plain = !text.empty() && text.find_first_of(" \t\"'#,\n\r") == std::string::npos;
  return plain ? text : in_quotes(text, '"');
}

template <typename T>
std::string value_text(const T& value, bool in_json) {
  if constexpr (std::is_same_v<T, std::string>) {
    return quoted(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return in_json ? "NaN" : "nan";
    if (std::isinf(value))
      return in_json ? (value > 0 ? "Infinity" : "-Infinity") : (value > 0 ? "inf" : "-inf");
    return fmt::format("{}", value);
  } else {
    return fmt::format("{}", +value);
  }
}

std::string column_heading(const fits::Column& column) {
  const std::string type = std::visit(
      [](const auto& v) { return ecsv_type<typename std::decay_t<decltype(v)>::value_type>(); }, column.data);
  std::string text = fmt::format("# - {{name: {}", yaml_text(column.name));
  if (!column.unit.empty()) text += fmt::format(", unit: {}", yaml_text(column.unit));
  if (column.width() == 1) {
    text += fmt::format(", datatype: {}", type);
  } else {
    // The slowest axis comes first here.
    std::string shape;
    for (auto n = column.shape.rbegin(); n != column.shape.rend(); ++n)
      shape += fmt::format("{}{}", shape.empty() ? "" : ",", *n);
    text += fmt::format(", datatype: string, subtype: '{}[{}]'", type, shape);
  }
  if (!column.description.empty()) text += fmt::format(", description: {}", yaml_text(column.description));
  return text + "}\n";
}

// The values of one row along the axes from `axis` down, as nested arrays.
template <typename Values>
std::string json_array(const Values& values, const fits::Column& column, std::size_t axis,
                       std::size_t first) {
  std::size_t stride = 1;
  for (std::size_t k = 0; k < axis; ++k) stride *= static_cast<std::size_t>(column.shape[k]);
  std::string out(1, '[');
  for (std::int64_t i = 0; i < column.shape[axis]; ++i) {
    if (i) out.push_back(',');
    const std::size_t at = first + static_cast<std::size_t>(i) * stride;
    using T = typename Values::value_type;
    if (axis > 0)
      out += json_array(values, column, axis - 1, at);
    else if constexpr (std::is_same_v<T, bool>)
      out += values[at] ? "true" : "false";
    else
      out += value_text<T>(values[at], true);
  }
  out.push_back(']');
  return out;
}

std::string cell(const fits::Column& column, std::int64_t row) {
  return std::visit(
      [&](const auto& values) -> std::string {
        using T = typename std::decay_t<decltype(values)>::value_type;
        const auto first = static_cast<std::size_t>(row * column.width());
        if constexpr (!std::is_same_v<T, std::string>)
          if (column.width() != 1) return json_array(values, column, column.shape.size() - 1, first);
        if constexpr (std::is_same_v<T, bool>)
          return values[first] ? "True" : "False";
        else
          return value_text<T>(values[first], false);
      },
      column.data);
}

std::string region(const fits::Table& t, std::int64_t row, const RegionOptions& options) {
  const double ra = t.number("ra", row), dec = t.number("dec", row);
  if (!std::isfinite(ra) || !(std::abs(dec) <= 90))
    throw input_error("row {}: ({}, {}) is no position", row + 1, ra, dec);
  const std::string type = t.text("type", row);
  const double radius = std::max(t.number("shape_r", row), options.smallest_arcsec);
  const double e1 = t.number("shape_e1", row), e2 = t.number("shape_e2", row);
  const auto with_color = [&](std::string shape, std::string_view color, std::string_view point = {}) {
    shape += " #";
    if (!point.empty()) shape += fmt::format(" point={}", point);
    return fmt::format("{} color={} text={{{}}} tag={{{}}}\n", shape, color, t.integer("objid", row), type);
  };
  if (type == "PSF")
    return with_color(fmt::format("point({:.8f},{:.8f})", ra, dec), options.color_psf, "cross");
  if (type == "REX")
    return with_color(fmt::format("circle({:.8f},{:.8f},{:.4f}\")", ra, dec, radius), options.color_rex);
  if (type != "EXP" && type != "DEV" && type != "SER" && type != "COMP")
    return with_color(fmt::format("point({:.8f},{:.8f})", ra, dec), options.color_other, "diamond");
  // |e| = (1 - q)/(1 + q); ds9 turns the first axis from the west towards the north.
  const double e = std::min(std::hypot(e1, e2), 0.999), axis_ratio = (1 - e) / (1 + e);
  const double position_angle = std::atan2(e2, e1) / 2 * 180 / M_PI;
  const std::string& color = type == "EXP"    ? options.color_exp
                             : type == "DEV"  ? options.color_dev
                             : type == "COMP" ? options.color_comp
                                              : options.color_ser;
  return with_color(fmt::format("ellipse({:.8f},{:.8f},{:.4f}\",{:.4f}\",{:.2f})", ra, dec, radius,
                                std::max(radius * axis_ratio, options.smallest_arcsec), position_angle + 90),
                    color);
}

}  // namespace

std::string ecsv_text(const fits::Table& table, const TableMeta& meta) {
  std::string text = "# %ECSV 1.0\n# ---\n# datatype:\n";
  for (const fits::Column& column : table.columns()) text += column_heading(column);
  if (!meta.empty()) text += "# meta: !!omap\n";
  for (const auto& [name, words] : meta) text += fmt::format("# - {{{}: {}}}\n", name, yaml_text(words));
  text += "# schema: astropy-2.0\n";
  std::string names;
  for (const fits::Column& column : table.columns()) {
    if (!names.empty()) names.push_back(' ');
    names += quoted(column.name);
  }
  text += names;
  text.push_back('\n');
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    for (std::size_t c = 0; c < table.columns().size(); ++c) {
      if (c) text.push_back(' ');
      text += cell(table.columns()[c], row);
    }
    text.push_back('\n');
  }
  return text;
}

std::string ds9_regions(const fits::Table& catalog, const RegionOptions& options) {
  std::string text = "# Region file format: DS9 version 4.1\nicrs\n";
  for (std::int64_t row = 0; row < catalog.rows(); ++row)
    if (!options.primary_only || catalog.logical("brick_primary", row)) text += region(catalog, row, options);
  return text;
}

}  // namespace brickline
