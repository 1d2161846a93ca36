// Reading a JSON text into values, gathering every problem with its path instead of stopping at the first.
//
// Internal to the facts' parser. A key becomes known by being asked for; what was never asked for is an
// unknown key, reported with the nearest known one. "note" is ignored anywhere. A null counts as absent.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/image.h"
#include "core/facts/camera_facts.h"

namespace brickline::facts {

using Json = nlohmann::json;

struct Report {
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
  std::string newer_schema;           // the version that the text was written for, if a later minor than ours
  std::vector<std::string> optional;  // paths that a program which does not know them may leave out
  template <typename... Args>
  void problem(const std::string& path, fmt::format_string<Args...> format, Args&&... args) {
    problems.push_back(path + ": " + fmt::format(format, std::forward<Args>(args)...));
  }
  // A key or a name that is not ours: a problem; of a newer schema, that this program is too old, or only a
  // warning where the facts say that it may be left out.
  void unknown(const std::string& path, const std::string& what);
};

// Parses one JSON object (RFC 8259, no duplicate keys, at most 4 MiB, depth at most 32); problems go to the
// report, and the result is then null.
Json parse_object(std::string_view text, Report& report);

// The value in a few words, for messages.
std::string shown(const Json& j);

void convert(const Json& j, const std::string& path, Report& report, bool& out);
void convert(const Json& j, const std::string& path, Report& report, double& out);
void convert(const Json& j, const std::string& path, Report& report, int& out);
void convert(const Json& j, const std::string& path, Report& report, std::string& out);
void convert(const Json& j, const std::string& path, Report& report, Condition& out);
void convert(const Json& j, const std::string& path, Report& report, TextMatch& out);
void convert(const Json& j, const std::string& path, Report& report, CardCondition& out);
void convert(const Json& j, const std::string& path, Report& report, Limits<double>& out);
void convert(const Json& j, const std::string& path, Report& report, PipelineVersion& out);
void convert(const Json& j, const std::string& path, Report& report, Limits<PipelineVersion>& out);
void convert(const Json& j, const std::string& path, Report& report, Box& out);  // [x0, x1, y0, y1]

template <typename T>
void convert(const Json& j, const std::string& path, Report& report, std::optional<T>& out) {
  T value{};
  convert(j, path, report, value);
  out = std::move(value);
}
template <typename T>
void convert(const Json& j, const std::string& path, Report& report, std::vector<T>& out) {
  if (!j.is_array()) return report.problem(path, "{} is not a list", shown(j));
  out.assign(j.size(), T{});
  for (std::size_t i = 0; i < j.size(); ++i) convert(j[i], fmt::format("{}[{}]", path, i), report, out[i]);
}
template <typename T, std::size_t N>
void convert(const Json& j, const std::string& path, Report& report, std::array<T, N>& out) {
  if (!j.is_array() || j.size() != N) return report.problem(path, "{} is not a list of {}", shown(j), N);
  for (std::size_t i = 0; i < N; ++i) convert(j[i], fmt::format("{}[{}]", path, i), report, out[i]);
}
template <typename T>
void convert(const Json& j, const std::string& path, Report& report, std::map<std::string, T>& out) {
  if (!j.is_object()) return report.problem(path, "{} is not an object", shown(j));
  for (const auto& [key, value] : j.items())
    if (key != "note") convert(value, path + "." + key, report, out[key]);
}

// One string or a list of them.
void convert_texts(const Json& j, const std::string& path, Report& report, std::vector<std::string>& out);
// A number, or text such as "0x30".
void convert_bits(const Json& j, const std::string& path, Report& report, std::uint32_t& out);
// The name of a canonical mask bit; "ignore" is 0 where that is allowed.
void convert_mask_bit(const Json& j, const std::string& path, Report& report, bool allow_ignore,
                      std::uint16_t& out);
// An object or a list of objects; `defaults` gives `in`, `as` and `letters` of what does not say so.
void convert_sources(const Json& j, const std::string& path, Report& report, const Source& defaults,
                     Sources& out);

template <typename E>
using Names = std::initializer_list<std::pair<const char*, E>>;

// One JSON object being read.
class Object {
 public:
  Object(const Json& j, std::string path, Report& report);
  // Reports unknown keys.
  ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  Report& report() const { return report_; }
  std::string path(std::string_view key) const;
  // The value, or null if absent. `keep_null`: a JSON null is a value.
  const Json* get(const char* key, bool keep_null = false);
  // Every key there is becomes known (for tables whose keys are free).
  std::vector<std::string> all_keys();

  template <typename T>
  bool read(const char* key, T& out) {
    const Json* j = get(key);
    if (j) convert(*j, path(key), report_, out);
    return j != nullptr;
  }
  template <typename T>
  void require(const char* key, T& out) {
    if (!read(key, out)) report_.problem(path(key), "is required");
  }
  // A number within [low, high].
  template <typename T>
  bool read_within(const char* key, T& out, double low, double high) {
    const Json* j = get(key);
    if (!j) return false;
    convert(*j, path(key), report_, out);
    check_within(key, *j, low, high);
    return true;
  }
  template <typename E>
  bool read_name(const char* key, E& out, Names<E> names) {
    const Json* j = get(key);
    if (j) convert_name(*j, path(key), report_, out, names);
    return j != nullptr;
  }
  template <typename E>
  static void convert_name(const Json& j, const std::string& path, Report& report, E& out, Names<E> names) {
    convert_name<E, Names<E>>(j, path, report, out, names);
  }
  // `names`: pairs of a name and its value.
  template <typename E, typename List>
  static void convert_name(const Json& j, const std::string& path, Report& report, E& out,
                           const List& names) {
    std::vector<std::string> known;
    for (const auto& [name, value] : names) {
      known.emplace_back(name);
      if (j.is_string() && j.get_ref<const std::string&>() == name) {
        out = value;
        return;
      }
    }
    unknown_name(j, path, report, known);
  }
  bool read_texts(const char* key, std::vector<std::string>& out);
  bool read_sources(const char* key, const Source& defaults, Sources& out);
  bool read_bit(const char* key, std::uint16_t& out);

 private:
  void check_within(const char* key, const Json& j, double low, double high);
  static void unknown_name(const Json& j, const std::string& path, Report& report,
                           const std::vector<std::string>& known);
  const Json* json_;  // null if it is not an object
  std::string path_;
  Report& report_;
  std::vector<std::string> known_;
};

}  // namespace brickline::facts
