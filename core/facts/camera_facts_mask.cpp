// The mask pipeline of the facts.
#include <fmt/ranges.h>

#include "core/base/error.h"
#include "core/facts/camera_facts_sections.h"
#include "core/facts/mask_bits.h"

namespace brickline::facts {
namespace {

using Kind = MaskOperation::Kind;

constexpr Names<Kind> kOperations = {
    {"static_mask", Kind::kStaticMask},
    {"codes_touching", Kind::kCodesTouching},
    {"codes", Kind::kCodes},
    {"bits", Kind::kBits},
    {"planes", Kind::kPlanes},
    {"keep_bits", Kind::kKeepBits},
    {"clear", Kind::kClear},
    {"bleed_must_touch_satur", Kind::kBleedMustTouchSatur},
    {"rectangles", Kind::kRectangles},
    {"below", Kind::kBelow},
    {"above", Kind::kAbove},
};

void read_others(Object& o, std::uint16_t& out) {
  if (const Json* others = o.get("others"))
    convert_mask_bit(*others, o.path("others"), o.report(), true, out);
}

void read_table(Object& o, std::map<std::uint32_t, std::uint16_t>& out) {
  const Json* j = o.get("table");
  if (!j) return o.report().problem(o.path("table"), "is required");
  Object table(*j, o.path("table"), o.report());
  for (const std::string& key : table.all_keys()) {
    std::uint32_t code = 0;
    convert_bits(Json(key), table.path(key), o.report(), code);
    convert_mask_bit((*j)[key], table.path(key), o.report(), true, out[code]);
  }
}

void read_names(Object& o, MaskOperation& out) {
  o.read("cards", out.cards);
  o.read("names", out.names);
  o.read("values", out.values);
  if (out.names.empty() != out.values.empty())
    o.report().problem(o.path("names"), "expected both names and values, or neither");
  if (const Json* j = o.get("table")) {
    Object table(*j, o.path("table"), o.report());
    for (const std::string& key : table.all_keys())
      convert_mask_bit((*j)[key], table.path(key), o.report(), true, out.names_table[key]);
  }
  read_others(o, out.others);
  o.read("ignore_names", out.ignore_names);
}

void read_required_bit(Object& o, const char* key, std::uint16_t& out) {
  if (!o.read_bit(key, out)) o.report().problem(o.path(key), "is required");
}

}  // namespace

void convert(const Json& j, const std::string& path, Report& report, MaskOperation::Rectangle& out) {
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
  Object::convert_name<Kind>(*name, o.path("op"), report, out.kind, kOperations);
  if (report.problems.size() + report.warnings.size() > before) {  // its arguments cannot be judged
    o.all_keys();
    return;
  }
  o.read("when", out.when);
  switch (out.kind) {
    case Kind::kStaticMask:
      o.require("file", out.file);
      o.read_name<bool>("hdu_by", out.hdu_by_ccd, {{"ccd", true}, {"hdu", false}});
      o.read("code", out.code);
      break;
    case Kind::kCodesTouching:
      o.read("code", out.code);
      o.read("neighbour", out.neighbour);
      o.read("becomes", out.becomes);
      break;
    case Kind::kCodes:
    case Kind::kBits:
      read_table(o, out.table);
      read_others(o, out.others);
      break;
    case Kind::kPlanes:
      read_names(o, out);
      break;
    case Kind::kKeepBits:
      if (const Json* ignore = o.get("ignore")) convert_bits(*ignore, o.path("ignore"), report, out.ignore);
      read_required_bit(o, "sets", out.bit);
      break;
    case Kind::kClear:
      read_required_bit(o, "bit", out.bit);
      read_required_bit(o, "where_also", out.where_also);
      break;
    case Kind::kBleedMustTouchSatur:
      o.read_within("dilate", out.dilate, 0, 100);
      break;
    case Kind::kRectangles:
      o.require("rows", out.rectangles);
      break;
    case Kind::kBelow:
    case Kind::kAbove:
      o.require("value", out.value);
      read_required_bit(o, "bit", out.bit);
      o.read("per_second", out.per_second);
      break;
  }
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

std::string_view name_of(MaskOperation::Kind kind) {
  for (const auto& [text, k] : facts::kOperations)
    if (k == kind) return text;
  return "";
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
