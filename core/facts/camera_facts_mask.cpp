// The mask pipeline of the facts.
#include <fmt/ranges.h>

#include "core/base/error.h"
#include "core/facts/camera_facts_sections.h"
#include "core/facts/mask_bits.h"

namespace brickline::facts {
namespace {

namespace op = mask_op;

void read_others(Object& o, std::uint16_t& out) {
  if (const Json* others = o.get("others"))
    convert_mask_bit(*others, o.path("others"), o.report(), true, out);
}

void read_table(Object& o, op::CodeTable& out) {
  const Json* j = o.get("table");
  if (!j) return o.report().problem(o.path("table"), "is required");
  Object table(*j, o.path("table"), o.report());
  for (const std::string& key : table.all_keys()) {
    std::uint32_t code = 0;
    convert_bits(Json(key), table.path(key), o.report(), code);
    convert_mask_bit((*j)[key], table.path(key), o.report(), true, out[code]);
  }
}

void read_required_bit(Object& o, const char* key, std::uint16_t& out) {
  if (!o.read_bit(key, out)) o.report().problem(o.path(key), "is required");
}

// ---- The keys of each operation ----

void read(Object& o, op::StaticMask& out) {
  o.require("file", out.file);
  o.read_name<bool>("hdu_by", out.hdu_by_ccd, {{"ccd", true}, {"hdu", false}});
  o.read("code", out.code);
}

void read(Object& o, op::CodesTouching& out) {
  o.read("code", out.code);
  o.read("neighbour", out.neighbour);
  o.read("becomes", out.becomes);
}

void read(Object& o, op::Codes& out) {
  read_table(o, out.table);
  read_others(o, out.others);
}

void read(Object& o, op::Bits& out) {
  read_table(o, out.table);
  read_others(o, out.others);
}

void read(Object& o, op::Planes& out) {
  o.read("cards", out.cards);
  o.read("names", out.names);
  o.read("values", out.values);
  if (out.names.empty() != out.values.empty())
    o.report().problem(o.path("names"), "expected both names and values, or neither");
  if (const Json* j = o.get("table")) {
    Object table(*j, o.path("table"), o.report());
    for (const std::string& key : table.all_keys())
      convert_mask_bit((*j)[key], table.path(key), o.report(), true, out.table[key]);
  }
  read_others(o, out.others);
  o.read("ignore_names", out.ignore_names);
}

void read(Object& o, op::KeepBits& out) {
  if (const Json* ignore = o.get("ignore")) convert_bits(*ignore, o.path("ignore"), o.report(), out.ignore);
  read_required_bit(o, "sets", out.sets);
}

void read(Object& o, op::Clear& out) {
  read_required_bit(o, "bit", out.bit);
  read_required_bit(o, "where_also", out.where_also);
}

void read(Object& o, op::BleedMustTouchSatur& out) { o.read_within("dilate", out.dilate, 0, 100); }

void read(Object& o, op::Rectangles& out) { o.require("rows", out.rows); }

void read(Object& o, op::Threshold& out) {
  o.require("value", out.value);
  read_required_bit(o, "bit", out.bit);
  o.read("per_second", out.per_second);
}

// ---- Which of them ----

template <std::size_t I = 0>
void collect_names(std::vector<std::pair<std::string_view, MaskOperation::What>>& out) {
  if constexpr (I < std::variant_size_v<MaskOperation::What>) {
    using Operation = std::variant_alternative_t<I, MaskOperation::What>;
    out.emplace_back(Operation::kName, Operation{});
    collect_names<I + 1>(out);
  }
}

// An operation of each kind, with its name.
const std::vector<std::pair<std::string_view, MaskOperation::What>>& operations() {
  static const auto kOperations = [] {
    std::vector<std::pair<std::string_view, MaskOperation::What>> all;
    collect_names(all);
    return all;
  }();
  return kOperations;
}

}  // namespace

void convert(const Json& j, const std::string& path, Report& report, mask_op::Rectangles::Row& out) {
  Object o(j, path, report);
  o.read("when", out.when);
  o.require("box", out.box);
  read_required_bit(o, "bit", out.bit);
}

void convert(const Json& j, const std::string& path, Report& report, MaskOperation& out) {
  Object o(j, path, report);
  const Json* name = o.get("op");
  if (!name) return report.problem(o.path("op"), "is required");
  const std::size_t before = report.problems.size() + report.warnings.size();
  Object::convert_name(*name, o.path("op"), report, out.what, operations());
  if (report.problems.size() + report.warnings.size() > before) {  // its arguments cannot be judged
    o.all_keys();
    return;
  }
  o.read("when", out.when);
  std::visit([&](auto& operation) { read(o, operation); }, out.what);
}

void read_mask(Object& root, MaskFacts& out) {
  const Json* j = root.get("mask");
  if (!j) return;
  Object o(*j, "mask", root.report());
  o.read("pipeline", out.pipeline);
  if (const Json* bits = o.get("saturation_bits")) {
    out.saturation_bits = 0;
    if (!bits->is_array())
      return root.report().problem(o.path("saturation_bits"), "{} is not a list", shown(*bits));
    for (const Json& bit : *bits) {
      std::uint16_t value = 0;
      convert_mask_bit(bit, o.path("saturation_bits"), root.report(), false, value);
      out.saturation_bits |= value;
    }
  }
}

}  // namespace brickline::facts

namespace brickline {

std::string_view MaskOperation::name() const {
  return std::visit([](const auto& operation) { return std::decay_t<decltype(operation)>::kName; }, what);
}

MaskOperation parse_mask_operation(std::string_view name, std::string_view json_arguments) {
  facts::Report report;
  facts::Json json = facts::parse_object(json_arguments.empty() ? "{}" : json_arguments, report);
  MaskOperation operation;
  if (report.problems.empty()) {
    json["op"] = name;
    facts::convert(json, std::string(name), report, operation);
  }
  if (!report.problems.empty()) throw input_error("{}", fmt::join(report.problems, "; "));
  return operation;
}

}  // namespace brickline
