#include "core/facts/facts_reader.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "core/facts/mask_bits.h"

namespace brickline::facts {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
  const std::string nearest = nearest_name(name, known, std::max<int>(2, static_cast<int>(name.size()) / 3));
  return nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest);
}

}  // namespace

void Report::unknown(const std::string& path, const std::string& what) {
  if (newer_schema.empty()) return problems.push_back(path + ": " + what);
  const bool may_ignore = std::find(optional.begin(), optional.end(), path) != optional.end();
  const std::string known = fmt::format("{}.{}", kFactsMajor, kFactsMinor);
  if (may_ignore)
    warnings.push_back(
        fmt::format("{}: left out: it is of facts {}, this program knows {}", path, newer_schema, known));
  else
    problems.push_back(
        fmt::format("{}: needs a Brickline that knows facts {}, this one knows {} (or it is "
                    "misspelt)",
                    path, newer_schema, known));
}

Json parse_object(std::string_view text, Report& report) {
  constexpr std::size_t kMaxBytes = 4u << 20;
  constexpr int kMaxDepth = 32;
  if (text.size() > kMaxBytes) {
    report.problem("facts", "{} bytes, at most {} are allowed", text.size(), kMaxBytes);
    return nullptr;
  }
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    too_deep = too_deep || depth > kMaxDepth;
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      report.problem("facts", "the key {} occurs twice in one object", shown(parsed));
    return !too_deep;
  };
  Json parsed;
  try {
    parsed = Json::parse(text, watch);
  } catch (const Json::exception& e) {
    std::string what = e.what();  // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    if (const auto at = what.find("] "); at != std::string::npos) what.erase(0, at + 2);
    report.problem("facts", "not JSON: {}", what);
    return nullptr;
  }
  if (too_deep) {
    report.problem("facts", "nested more than {} deep", kMaxDepth);
    return nullptr;
  }
  if (!parsed.is_object()) {
    report.problem("facts", "{} is not an object", shown(parsed));
    return nullptr;
  }
  return parsed;
}

std::string shown(const Json& j) {
  std::string text = j.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

void convert(const Json& j, const std::string& path, Report& report, bool& out) {
  if (!j.is_boolean()) return report.problem(path, "{} is not true or false", shown(j));
  out = j.get<bool>();
}
void convert(const Json& j, const std::string& path, Report& report, double& out) {
  if (!j.is_number()) return report.problem(path, "{} is not a number", shown(j));
  out = j.get<double>();
}
void convert(const Json& j, const std::string& path, Report& report, int& out) {
  const double value = j.is_number() ? j.get<double>() : 0.5;
  if (value != std::floor(value) || std::abs(value) > std::numeric_limits<int>::max())
    return report.problem(path, "{} is not an integer", shown(j));
  out = static_cast<int>(value);
}
void convert(const Json& j, const std::string& path, Report& report, std::string& out) {
  if (!j.is_string()) return report.problem(path, "{} is not a text", shown(j));
  out = j.get<std::string>();
}
void convert(const Json& j, const std::string& path, Report& report, Box& out) {
  std::array<int, 4> v{};
  convert(j, path, report, v);
  out = {v[0], v[1], v[2], v[3]};
  if (out.x0 < 0 || out.y0 < 0 || out.empty())
    report.problem(path, "{} is not a box [x0, x1, y0, y1] with x0 < x1 and y0 < y1", shown(j));
}

void convert_texts(const Json& j, const std::string& path, Report& report, std::vector<std::string>& out) {
  if (j.is_string())
    out = {j.get<std::string>()};
  else
    convert(j, path, report, out);
}

void convert_bits(const Json& j, const std::string& path, Report& report, std::uint32_t& out) {
  if (j.is_number_unsigned() && j.get<std::uint64_t>() <= 0xffffffffu) {
    out = j.get<std::uint32_t>();
    return;
  }
  if (j.is_string()) {
    std::string_view s = j.get_ref<const std::string&>();
    const bool hex = s.starts_with("0x");
    if (hex) s.remove_prefix(2);
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), out, hex ? 16 : 10);
    if (error == std::errc{} && end == s.data() + s.size() && !s.empty()) return;
  }
  report.problem(path, "{} is neither an unsigned number nor hexadecimal text such as \"0x30\"", shown(j));
}

void convert_mask_bit(const Json& j, const std::string& path, Report& report, bool allow_ignore,
                      std::uint16_t& out) {
  if (j.is_string()) {
    const std::string& name = j.get_ref<const std::string&>();
    if (allow_ignore && name == "ignore") {
      out = 0;
      return;
    }
    if (const auto bit = mask_bit_of(name)) {
      out = *bit;
      return;
    }
  }
  report.problem(path,
                 "{} is not a mask bit, expected badpix, satur, interp, cr, bleed, trans, edge, edge2{}",
                 shown(j), allow_ignore ? " or ignore" : "");
}

Object::Object(const Json& j, std::string path, Report& report)
    : json_(j.is_object() ? &j : nullptr), path_(std::move(path)), report_(report) {
  if (!json_) report_.problem(path_, "{} is not an object", shown(j));
}

Object::~Object() {
  if (!json_) return;
  for (const auto& [key, value] : json_->items()) {
    if (key == "note" || std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    std::vector<std::string> names = known_;
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    const std::string own = names.empty() ? std::string() : "; there are " + joined(names);
    report_.unknown(path(key), "unknown key" + suggestion(key, known_) + own);
  }
}

std::string Object::path(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

const Json* Object::get(const char* key, bool keep_null) {
  known_.emplace_back(key);
  if (!json_) return nullptr;
  const auto found = json_->find(key);
  if (found == json_->end() || (found->is_null() && !keep_null)) return nullptr;
  return &*found;
}

std::vector<std::string> Object::all_keys() {
  std::vector<std::string> keys;
  if (json_)
    for (const auto& [key, value] : json_->items()) {
      known_.push_back(key);
      if (key != "note" && !value.is_null()) keys.push_back(key);
    }
  return keys;
}

bool Object::read_texts(const char* key, std::vector<std::string>& out) {
  const Json* j = get(key);
  if (j) convert_texts(*j, path(key), report_, out);
  return j != nullptr;
}
bool Object::read_sources(const char* key, const Source& defaults, Sources& out) {
  const Json* j = get(key);
  if (j) convert_sources(*j, path(key), report_, defaults, out);
  return j != nullptr;
}
bool Object::read_bit(const char* key, std::uint16_t& out) {
  const Json* j = get(key);
  if (j) convert_mask_bit(*j, path(key), report_, false, out);
  return j != nullptr;
}

void Object::check_within(const char* key, const Json& j, double low, double high) {
  if (j.is_number() && !(j.get<double>() >= low && j.get<double>() <= high))
    report_.problem(path(key), "{} is outside {} to {}", shown(j), low, high);
}

void Object::unknown_name(const Json& j, const std::string& path, Report& report,
                          const std::vector<std::string>& known) {
  report.unknown(path, fmt::format("{} is none of: {}{}", shown(j), joined(known),
                                   j.is_string() ? suggestion(j.get_ref<const std::string&>(), known) : ""));
}

}  // namespace brickline::facts
