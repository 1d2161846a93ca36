// Writing a camera's facts: a small ordered JSON value and words for what facts are made of.
//
// Braces read as JSON does: a list whose every element is a pair that begins with a string is an object,
//   f["detector"] = {{"ccds_per_exposure", 4}, {"pixel_scale_arcsec", 0.25}};
// any other list is an array,
//   f["detector"]["bands"] = {"g", "r"};
// and where an array of pairs of strings is meant, write list({...}). Keys keep their order.
// Included by camera.hpp.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace brickline {
inline namespace v0 {

class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool v) : kind_(Kind::literal), text_(v ? "true" : "false") {}
  template <typename T, std::enable_if_t<std::is_arithmetic_v<T> && !std::is_same_v<T, bool>, int> = 0>
  Value(T v) : kind_(Kind::literal) {
    if constexpr (std::is_integral_v<T>)
      text_ = std::to_string(v);
    else
      text_ = number(v);
  }
  Value(const char* v) : kind_(Kind::string), text_(v) {}
  Value(std::string v) : kind_(Kind::string), text_(std::move(v)) {}
  Value(std::string_view v) : kind_(Kind::string), text_(v) {}
  Value(std::initializer_list<Value> elements) {
    bool pairs = elements.size() > 0;
    for (const Value& e : elements)
      pairs = pairs && e.kind_ == Kind::array && e.items_.size() == 2 && e.items_[0].kind_ == Kind::string;
    kind_ = pairs ? Kind::object : Kind::array;
    for (const Value& e : elements) {
      if (pairs)
        set(e.items_[0].text_, e.items_[1]);
      else
        items_.push_back(e);
    }
  }
  // JSON text, taken as it is.
  static Value json(std::string text) {
    Value v;
    v.kind_ = Kind::literal;
    v.text_ = std::move(text);
    return v;
  }
  static Value array(std::initializer_list<Value> elements) {
    Value v;
    v.kind_ = Kind::array;
    v.items_.assign(elements.begin(), elements.end());
    return v;
  }

  // The member of an object, made if need be (a null becomes an object).
  Value& operator[](std::string_view key) {
    if (kind_ == Kind::null) kind_ = Kind::object;
    if (kind_ != Kind::object)
      throw std::logic_error("facts: '" + std::string(key) + "' asked of what is not an object");
    for (std::size_t i = 0; i < keys_.size(); ++i)
      if (keys_[i] == key) return items_[i];
    keys_.emplace_back(key);
    items_.emplace_back();
    return items_.back();
  }
  Value& set(std::string_view key, Value v) {
    (*this)[key] = std::move(v);
    return *this;
  }
  void push_back(Value v) {
    if (kind_ == Kind::null) kind_ = Kind::array;
    if (kind_ != Kind::array) throw std::logic_error("facts: an element added to what is not an array");
    items_.push_back(std::move(v));
  }

  std::string text() const {
    std::string out;
    write(out);
    return out;
  }

 private:
  enum class Kind { null, literal, string, array, object };

  // The shortest of 15 to 17 significant digits that reads back equal, whatever the locale.
  static std::string number(double v) {
    if (!std::isfinite(v)) throw std::domain_error("facts: a number is not finite");
    char buffer[40];
    for (int digits = 15; digits <= 17; ++digits) {
      std::snprintf(buffer, sizeof buffer, "%.*g", digits, v);
      if (std::strtod(buffer, nullptr) == v) break;
    }
    for (char* c = buffer; *c; ++c)
      if (*c == ',') *c = '.';
    return buffer;
  }
  static void quote(std::string_view s, std::string& out) {
    out += '"';
    for (const char c : s) {
      if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
        out += escape;
      } else {
        out += c;
      }
    }
    out += '"';
  }
  void write(std::string& out) const {
    switch (kind_) {
      case Kind::null:
        out += "null";
        break;
      case Kind::literal:
        out += text_;
        break;
      case Kind::string:
        quote(text_, out);
        break;
      case Kind::array:
      case Kind::object:
        out += kind_ == Kind::array ? '[' : '{';
        for (std::size_t i = 0; i < items_.size(); ++i) {
          if (i > 0) out += ',';
          if (kind_ == Kind::object) {
            quote(keys_[i], out);
            out += ':';
          }
          items_[i].write(out);
        }
        out += kind_ == Kind::array ? ']' : '}';
    }
  }

  Kind kind_ = Kind::null;
  std::string text_;
  std::vector<std::string> keys_;
  std::vector<Value> items_;
};

// All facts of one camera.
class Facts : public Value {
 public:
  Facts() { set("facts", "1.1"); }
  // The whole JSON object as text.
  static Facts from_text(std::string json) {
    Facts f;
    static_cast<Value&>(f) = Value::json(std::move(json));
    return f;
  }
  // Lays these facts over those of another camera.
  Facts& extend(std::string_view camera) {
    set("extends", camera);
    return *this;
  }
};

// An array, whatever its elements look like.
inline Value list(std::initializer_list<Value> elements) { return Value::array(elements); }

// Where a value comes from. The words are those of the facts' schema.
class Source : public Value {
 public:
  Source& in(std::string_view header) { return with("in", header); }  // primary image either mask weight
  Source& as(std::string_view type) { return with("as", type); }      // text integer real iso_utc ...
  Source& match(std::string_view regex) { return with("match", regex); }
  Source& take(std::string_view replacement) { return with("take", replacement); }
  Source& word(int n) { return with("words", n); }
  Source& basename() { return with("basename", true); }
  Source& digits(int n = 0) { return with("digits", n); }
  Source& lower() { return with("case", "lower"); }
  Source& upper() { return with("case", "upper"); }
  Source& map(Value table) { return with("map", std::move(table)); }
  Source& scale(double factor) { return with("scale", factor); }
  Source& offset(double term) { return with("offset", term); }
  Source& combine(std::string_view how) { return with("combine", how); }  // first mean median
  Source& require(Value condition) { return with("require", std::move(condition)); }

 private:
  Source& with(std::string_view key, Value v) {
    set(key, std::move(v));
    return *this;
  }
};
// A header card; the first of several that has a value.
inline Source card(std::string_view key) {
  Source s;
  s.set("key", key);
  return s;
}
inline Source card(std::initializer_list<Value> keys) {
  Source s;
  s.set("key", Value::array(keys));
  return s;
}
inline Source constant(Value v) {
  Source s;
  s.set("constant", std::move(v));
  return s;
}

// One operation of the mask pipeline.
class Operation : public Value {
 public:
  Operation& when(Value condition) { return with("when", std::move(condition)); }
  Operation& table(Value t) { return with("table", std::move(t)); }
  Operation& with(std::string_view key, Value v) {
    set(key, std::move(v));
    return *this;
  }
};
inline Operation op(std::string_view name) {
  Operation o;
  o.set("op", name);
  return o;
}

// A value for the CCDs that a condition holds for; without a condition, for all that are left.
inline Value rule(Value condition, Value value) {
  Value r;
  r.set("when", std::move(condition));
  r.set("value", std::move(value));
  return r;
}
inline Value otherwise(Value value) {
  Value r;
  r.set("value", std::move(value));
  return r;
}

}  // namespace v0
}  // namespace brickline
