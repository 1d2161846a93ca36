// As much of JSON Schema as the schema of the facts uses.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace brickline::test {

class SchemaCheck {
 public:
  explicit SchemaCheck(const std::string& schema) : root_(nlohmann::json::parse(schema)) {}
  // What of the text is not as the schema says: the first place; empty if all is.
  std::string problem(const nlohmann::json& value) const { return problem(value, root_, "$"); }

 private:
  using Json = nlohmann::json;
  std::string problem(const Json& v, const Json& s, const std::string& at) const {
    if (s.contains("$ref")) {
      const std::string ref = s["$ref"];
      return problem(v, root_.at(Json::json_pointer(ref.substr(1))), at);
    }
    if (s.contains("anyOf")) {
      std::string all;
      for (const Json& way : s["anyOf"]) {
        const std::string p = problem(v, way, at);
        if (p.empty()) return {};
        all += (all.empty() ? "" : " | ") + p;
      }
      return "(" + all + ")";
    }
    if (s.contains("enum")) {
      for (const Json& one : s["enum"])
        if (one == v) return {};
      return at + ": " + v.dump() + " is none of " + s["enum"].dump();
    }
    if (s.contains("type") && !is_one(v, s["type"]))
      return at + ": " + v.dump() + " is no " + s["type"].dump();
    if (v.is_number() && s.contains("minimum") &&
        !(v >= s["minimum"] && v <= s.value("maximum", Json(1e300))))
      return at + ": " + v.dump() + " is out of range";
    if (v.is_array()) {
      if (s.contains("minItems") && v.size() != s["minItems"]) return at + ": wrong length";
      for (std::size_t i = 0; s.contains("items") && i < v.size(); ++i)
        if (const std::string p = problem(v[i], s["items"], at + "[]"); !p.empty()) return p;
    }
    if (!v.is_object()) return {};
    for (const auto& [key, inner] : v.items()) {
      const std::string where = at + "." + key;
      if (s.contains("properties") && s["properties"].contains(key)) {
        if (const std::string p = problem(inner, s["properties"][key], where); !p.empty()) return p;
      } else if (s.contains("additionalProperties")) {
        const Json& more = s["additionalProperties"];
        if (more.is_boolean()) return where + ": no such key";
        if (const std::string p = problem(inner, more, where); !p.empty()) return p;
      }
    }
    return {};
  }
  static bool is_one(const Json& v, const Json& types) {
    if (types.is_string()) return is(v, types);
    for (const Json& type : types)
      if (is(v, type)) return true;
    return false;
  }
  static bool is(const Json& v, const std::string& type) {
    if (type == "object") return v.is_object();
    if (type == "array") return v.is_array();
    if (type == "string") return v.is_string();
    if (type == "boolean") return v.is_boolean();
    if (type == "null") return v.is_null();
    if (type == "integer")
      return v.is_number() && v.get<double>() == static_cast<double>(v.get<std::int64_t>());
    return v.is_number();
  }
  Json root_;
};

}  // namespace brickline::test
