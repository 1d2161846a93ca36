// The JSON Schema and the reference page, made of the table of facts.
#include <fmt/format.h>

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/facts/camera_facts.h"
#include "core/facts/facts_table.h"

namespace brickline {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string_view> split(std::string_view text, std::string_view by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(by);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + by.size());
  }
}

bool is_part(std::string_view name) {
  for (const FactRow& row : fact_rows())
    if (row.path.starts_with('@') && row.path.substr(1) == name) return true;
  return false;
}

Json list_of(Json items) { return {{"type", "array"}, {"items", std::move(items)}}; }

Json range_of(const char* type, std::string_view limits) {
  Json out = {{"type", type}};
  if (const auto dots = limits.find(".."); dots != std::string_view::npos) {
    out["minimum"] = parse_double(limits.substr(0, dots)).value();
    out["maximum"] = parse_double(limits.substr(dots + 2)).value();
  }
  return out;
}

// The schema of a type as the table's words say it.
Json schema_of_type(std::string_view type) {
  if (type.starts_with("list of ")) return list_of(schema_of_type(type.substr(8)));
  if (type.starts_with("map of "))
    return {{"type", "object"}, {"additionalProperties", schema_of_type(type.substr(7))}};
  if (type.starts_with("rules of ")) {
    const Json value = schema_of_type(type.substr(9));
    Json rule = {{"type", "object"},
                 {"properties", {{"when", {{"$ref", "#/$defs/condition"}}}, {"value", value}}},
                 {"required", {"value"}}};
    return {{"anyOf", {value, list_of(std::move(rule))}}};
  }
  if (type.size() > 5 && type.substr(1, 4) == " of " && type[0] >= '2' && type[0] <= '9') {
    Json out = list_of(schema_of_type(type.substr(5)));
    out["minItems"] = out["maxItems"] = type[0] - '0';
    return out;
  }
  if (const auto ways = split(type, " or "); ways.size() > 1) {
    Json any = Json::array();
    for (const std::string_view way : ways) any.push_back(schema_of_type(way));
    return {{"anyOf", any}};
  }
  if (type.starts_with('"')) {
    Json names = Json::array();
    for (const std::string_view name : split(type, " | ")) names.push_back(name.substr(1, name.size() - 2));
    return {{"enum", names}};
  }
  if (type.starts_with("number")) return range_of("number", type.substr(6));
  if (type.starts_with("integer")) return range_of("integer", type.substr(7));
  if (type == "text") return {{"type", "string"}};
  if (type == "bool") return {{"type", "boolean"}};
  if (type == "null") return {{"type", "null"}};
  if (type == "object" || type == "map") return {{"type", "object"}};
  if (type == "texts") return {{"anyOf", {{{"type", "string"}}, list_of({{"type", "string"}})}}};
  if (type == "bits") return {{"anyOf", {{{"type", "integer"}, {"minimum", 0}}, {{"type", "string"}}}}};
  if (type == "bit")
    return {{"enum", {"badpix", "satur", "interp", "cr", "bleed", "trans", "edge", "edge2"}}};
  if (type == "box") {
    Json out = list_of({{"type", "integer"}, {"minimum", 0}});
    out["minItems"] = out["maxItems"] = 4;
    return out;
  }
  if (type == "source") {
    const Json one = {{"$ref", "#/$defs/source"}};
    return {{"anyOf", {one, list_of(one)}}};
  }
  if (is_part(type)) return {{"$ref", fmt::format("#/$defs/{}", type)}};
  throw internal_error("the table of facts has no type '{}'", type);
}

Json schema_of(const FactRow& row) {
  Json schema = schema_of_type(row.type);
  std::string words(row.words);
  if (!row.unit.empty()) words += fmt::format(" Unit: {}.", row.unit);
  if (row.reserved()) words += " Not read yet.";
  schema["description"] = words;
  if (!row.standard.empty() && row.standard != "required") schema["default"] = Json::parse(row.standard);
  if (!row.example.empty()) schema["examples"] = {Json::parse(row.example)};
  return schema;
}

// The schema of the object that `path` leads to below `root`, made where it is not there yet; null where a type of
// its own (a part) describes it.
Json& object_at(Json& root, const std::vector<std::string_view>& keys) {
  Json* at = &root;
  for (const std::string_view key : keys) {
    Json& inner = key == "*" ? (*at)["additionalProperties"] : (*at)["properties"][std::string(key)];
    if (inner.is_null()) inner = {{"type", "object"}};
    at = &inner;
  }
  return *at;
}

// A null stands for "not said", and deletes what a camera that is extended says.
void allow_null(Json& schema) {
  if (schema.contains("$ref")) {
    const Json ref = {{"$ref", schema["$ref"]}};
    schema.erase("$ref");
    schema["anyOf"] = {ref, {{"type", "null"}}};
  } else if (schema.contains("anyOf")) {
    schema["anyOf"].push_back({{"type", "null"}});
  } else if (schema.contains("enum")) {
    schema["enum"].push_back(nullptr);
  } else if (schema.contains("type") && schema["type"].is_string()) {
    schema["type"] = {schema["type"], "null"};
  }
}

// Objects that the table lists the keys of hold no others, but notes, and lists that are put on to a base's.
void close(Json& schema) {
  if (schema.contains("properties")) {
    for (auto& [key, inner] : schema["properties"].items()) close(inner);
    std::vector<std::string> lists;
    for (const auto& [key, inner] : schema["properties"].items())
      if (inner.value("type", "") == "array" && !inner.contains("maxItems")) lists.push_back(key);
    for (const std::string& key : lists) {
      const Json inner = schema["properties"][key];
      schema["properties"][key + "+"] = inner;
      schema["properties"]["+" + key] = inner;
    }
    for (auto& [key, inner] : schema["properties"].items()) allow_null(inner);
    schema["properties"]["note"] = Json::object();
    if (!schema.contains("additionalProperties")) schema["additionalProperties"] = false;
  }
  if (schema.contains("additionalProperties") && schema["additionalProperties"].is_object())
    close(schema["additionalProperties"]);
}

}  // namespace

std::string facts_schema() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", fmt::format("Facts of a Brickline camera, {}.{}", kFactsMajor, kFactsMinor)},
                 {"type", "object"}};
  Json parts = Json::object();
  for (const FactRow& row : fact_rows()) {
    std::string_view path = row.path;
    Json* root = &schema;
    std::vector<std::string_view> keys;
    if (path.starts_with('@')) {
      keys = split(path.substr(1), ".");
      root = &parts[std::string(keys.front())];
      if (root->is_null()) *root = {{"type", "object"}};
      keys.erase(keys.begin());
    } else {
      keys = split(path, ".");
    }
    Json& at = object_at(*root, keys);
    const Json own = schema_of(row);
    if (!own.contains("type") || own["type"] != "object") at.erase("type");
    at.update(own);
  }
  close(schema);
  for (auto& [name, part] : parts.items()) close(part);
  schema["$defs"] = parts;
  return schema.dump(1) + "\n";
}

namespace {

std::string code(std::string_view text) { return text.empty() ? "" : fmt::format("`{}`", text); }

// A cell of a table must not hold what ends it.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

}  // namespace

std::string facts_reference() {
  std::string out = fmt::format(
      "# The facts of a camera\n\n"
      "This page is made from the program's own table (`cameras reference`); facts {}.{}. `cameras schema` prints\n"
      "the same as a JSON Schema. A key that is not here is refused, except `note`, which may stand anywhere and\n"
      "is not read. Keys marked *reserved* are checked, but nothing reads them yet: they are for what is named.\n"
      "Required of every camera are `detector.pixel_scale_arcsec`, `detector.bands` and `pixels.unit`.\n\n"
      "Types: `texts` is one text or a list; `bits` a number or text such as \"0x30\"; `bit` one of badpix, satur,\n"
      "interp, cr, bleed, trans, edge, edge2; `box` is [x0, x1, y0, y1] in pixels of the full CCD, counted from 0,\n"
      "x1 and y1 not included; `rules of T` is a T, or a list of {{\"when\": condition, \"value\": T}} of which the\n"
      "first that holds counts; `*` stands for a key of your own; other words are parts, described at the end.\n",
      kFactsMajor, kFactsMinor);
  bool parts = false;
  for (const FactRow& row : fact_rows()) {
    const bool heading = row.path.find('.') == std::string_view::npos;
    if (heading) {
      if (row.path.starts_with('@') && !parts) {
        out += "\n# Parts\n";
        parts = true;
      }
      const std::string_view name = row.path.starts_with('@') ? row.path.substr(1) : row.path;
      out += fmt::format("\n## {}\n\n{}", name, row.words);
      if (row.type != "object")
        out += fmt::format(" Type: {}{}.", code(row.type),
                           row.standard.empty() ? "" : fmt::format("; default: {}", code(row.standard)));
      else if (row.standard == "required")
        out += " Required.";
      if (!row.example.empty()) out += fmt::format(" Example: {}.", code(row.example));
      if (row.reserved()) out += fmt::format(" *{}*", row.reader);
      out += "\n";
      continue;
    }
    const bool first = &row == fact_rows().data() || (&row - 1)->path.find('.') == std::string_view::npos;
    if (first)
      out +=
          "\n| key | type | unit | default | read by | meaning | example |\n|---|---|---|---|---|---|---|\n";
    const std::string_view shown =
        row.path.starts_with('@') ? row.path.substr(row.path.find('.') + 1) : row.path;
    out += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", code(shown), cell(code(row.type)), row.unit,
                       row.standard == "required" ? "**required**" : cell(code(row.standard)),
                       row.reserved() ? fmt::format("*{}*", row.reader) : std::string(row.reader),
                       cell(std::string(row.words)), cell(code(row.example)));
  }
  return out;
}

}  // namespace brickline
