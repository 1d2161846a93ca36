#include "core/zeropoints/depth_policy.h"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/error.h"
#include "core/survey/bits.h"
#include "core/wcs/sky.h"
#include "core/zeropoints/robust.h"

namespace brickline {
namespace {

using Json = nlohmann::json;

std::unique_ptr<RE2> pattern(const std::string& text) {
  RE2::Options options(RE2::Quiet);
  options.set_case_sensitive(false);
  auto compiled = std::make_unique<RE2>(text, options);
  if (!compiled->ok()) throw input_error("'{}' is no pattern: {}", text, compiled->error());
  return compiled;
}

void only_keys(const Json& j, const std::string& where, const std::set<std::string>& known) {
  if (!j.is_object()) throw input_error("{} is not an object", where);
  for (const auto& [key, value] : j.items())
    if (!known.contains(key))
      throw input_error("{} has the key '{}', which is not one of a policy", where, key);
}

std::string text_of(const Json& j, const char* key, const std::string& where) {
  if (!j.contains(key)) return {};
  if (!j[key].is_string()) throw input_error("{}.{} is not a text", where, key);
  return j[key].get<std::string>();
}

std::vector<std::pair<std::string, std::string>> patterns_of(const Json& j, const char* key,
                                                             const std::string& where) {
  std::vector<std::pair<std::string, std::string>> out;
  if (!j.contains(key)) return out;
  if (!j[key].is_object()) throw input_error("{}.{} is not an object of columns and patterns", where, key);
  for (const auto& [column, value] : j[key].items()) {
    if (!value.is_string()) throw input_error("{}.{}.{} is not a text", where, key, column);
    pattern(value.get<std::string>());
    out.emplace_back(column, value.get<std::string>());
  }
  return out;
}

// Rows whose columns hold the patterns.
class Chooser {
 public:
  Chooser(const fits::Table& table, const std::vector<std::pair<std::string, std::string>>& patterns)
      : table_(table) {
    for (const auto& [column, text] : patterns) {
      table.require(column);
      patterns_.emplace_back(column, pattern(text));
    }
  }
  bool holds(std::int64_t row) const {
    return std::all_of(patterns_.begin(), patterns_.end(), [&](const auto& p) {
      return RE2::PartialMatch(table_.text(p.first, row), *p.second);
    });
  }

 private:
  const fits::Table& table_;
  std::vector<std::pair<std::string, std::unique_ptr<RE2>>> patterns_;
};

std::string tile_of(const fits::Table& table, std::int64_t row, const fits::Table& tiles, double radius) {
  const double ra = table.number("ra_bore", row), dec = table.number("dec_bore", row);
  std::string nearest;
  for (std::int64_t i = 0; i < tiles.rows(); ++i) {
    const double apart = angular_separation(ra, dec, tiles.number("ra", i), tiles.number("dec", i));
    if (!(apart <= radius)) continue;
    radius = apart;
    nearest = std::to_string(tiles.integer("tileid", i));
  }
  return nearest;
}

}  // namespace

bool DepthPolicy::needs_tiles() const {
  return std::any_of(steps.begin(), steps.end(), [](const Step& s) { return s.group == "tile"; });
}

DepthPolicy DepthPolicy::read(const std::filesystem::path& file) {
  try {
    std::ifstream in(file);
    if (!in) throw input_error("cannot read it");
    const Json j = Json::parse(in, nullptr, false);
    if (j.is_discarded()) throw input_error("it is not JSON");
    only_keys(j, "the policy", {"note", "steps", "tile_radius_degrees"});
    DepthPolicy out;
    if (j.contains("tile_radius_degrees")) {
      if (!j["tile_radius_degrees"].is_number() || !(j["tile_radius_degrees"].get<double>() > 0))
        throw input_error("tile_radius_degrees is not a number above 0");
      out.tile_radius_degrees = j["tile_radius_degrees"].get<double>();
    }
    if (!j.contains("steps") || !j["steps"].is_array() || j["steps"].empty())
      throw input_error("steps is not a list of steps");
    for (const Json& s : j["steps"]) {
      const std::string where = "steps[" + std::to_string(out.steps.size()) + "]";
      only_keys(s, where, {"note", "select", "only", "group", "keep", "lower"});
      Step step;
      step.select = patterns_of(s, "select", where);
      step.only = patterns_of(s, "only", where);
      step.group = text_of(s, "group", where);
      if (step.group.empty()) throw input_error("{}.group is missing", where);
      if (!s.contains("keep") || !s["keep"].is_number_integer() || s["keep"].get<int>() < 1)
        throw input_error("{}.keep is not a whole number above 0", where);
      step.keep = s["keep"].get<int>();
      if (s.contains("lower")) {
        only_keys(s["lower"], where + ".lower", {"match", "to"});
        step.lower_match = text_of(s["lower"], "match", where + ".lower");
        step.lower_to = text_of(s["lower"], "to", where + ".lower");
        if (pattern(step.lower_match)->NumberOfCapturingGroups() != 3)
          throw input_error("{}.lower.match has not three parts in parentheses", where);
      }
      out.steps.push_back(std::move(step));
    }
    return out;
  } catch (Error& e) {
    throw e.in_file(file.string());
  }
}

std::int64_t cut_by_depth(fits::Table& table, const std::vector<double>& depth, const DepthPolicy& policy,
                          const fits::Table& tiles) {
  const std::int64_t rows = table.rows();
  table.require("filter");
  std::vector<std::int64_t> bits;
  for (std::int64_t i = 0; i < rows; ++i) bits.push_back(table.integer("ccd_cuts", i));
  std::map<std::string, std::vector<double>> depths;
  for (std::int64_t i = 0; i < rows; ++i)
    if (const auto k = static_cast<std::size_t>(i); bits[k] == 0)
      depths[table.text("image_filename", i)].push_back(std::isfinite(depth[k]) ? depth[k] : 0);
  std::map<std::string, double> exposures;
  for (auto& [name, values] : depths) exposures[name] = median_of(std::move(values));

  std::vector<bool> kept(bits.size());
  for (std::size_t i = 0; i < bits.size(); ++i) kept[i] = bits[i] == 0;
  for (const DepthPolicy::Step& step : policy.steps) {
    const Chooser selected(table, step.select), looked_at(table, step.only);
    const std::unique_ptr<RE2> lower = step.lower_match.empty() ? nullptr : pattern(step.lower_match);
    // Exposures by their depth, then by name: the last are the best.
    std::map<std::pair<std::string, std::string>, std::set<std::pair<double, std::string>>> groups;
    std::vector<std::pair<std::string, std::string>> group_of(bits.size());
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto k = static_cast<std::size_t>(i);
      if (!kept[k] || !looked_at.holds(i)) continue;
      std::string group = step.group == "tile" ? tile_of(table, i, tiles, policy.tile_radius_degrees)
                                               : table.text(step.group, i);
      if (!selected.holds(i) || (step.group == "tile" && group.empty())) {
        kept[k] = false;
        continue;
      }
      if (std::string before, part, after; lower && RE2::FullMatch(group, *lower, &before, &part, &after))
        group = before + std::min(part, step.lower_to) + after;
      const std::string name = table.text("image_filename", i);
      group_of[k] = {"=" + group, table.text("filter", i)};
      groups[group_of[k]].insert({exposures.at(name), name});
    }
    for (auto& [group, list] : groups)
      while (list.size() > static_cast<std::size_t>(step.keep)) list.erase(list.begin());
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto k = static_cast<std::size_t>(i);
      if (!kept[k] || group_of[k].first.empty()) continue;
      const std::string name = table.text("image_filename", i);
      kept[k] = groups.at(group_of[k]).contains({exposures.at(name), name});
    }
  }
  std::int64_t cut = 0;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (kept[i]) continue;
    cut += bits[i] == 0;
    bits[i] |= ccdcut::kDepthCut;
  }
  table.add("ccd_cuts", std::move(bits));
  return cut;
}

void fill_objects(fits::Table& table, const fits::Table& list) {
  std::map<std::string, std::string> objects;
  for (std::int64_t i = 0; i < list.rows(); ++i) {
    std::string object = list.text("object", i);
    const auto first = object.find_first_not_of("' "), last = object.find_last_not_of("' ");
    objects[list.text("filename", i)] =
        first == std::string::npos ? "" : object.substr(first, last - first + 1);
  }
  std::vector<std::string> out;
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    const std::string name = table.text("image_filename", i);
    const auto found = objects.find(name);
    if (found == objects.end()) throw input_error("the list of objects lacks image {}", name);
    const std::string own = table.text("object", i);
    out.push_back(own.empty() ? found->second : own);
  }
  table.add("object", std::move(out));
}

std::vector<double> matched_column(const fits::Table& table, const fits::Table& other,
                                   const std::string& column) {
  if (other.rows() != table.rows())
    throw input_error("the annotated table has {} rows, the table of CCDs {}", other.rows(), table.rows());
  for (std::int64_t i = 0; i < table.rows(); ++i)
    if (table.text("image_filename", i) != other.text("image_filename", i) ||
        table.integer("image_hdu", i) != other.integer("image_hdu", i))
      throw input_error("row {} of the annotated table is {} [{}], of the table of CCDs {} [{}]", i + 1,
                        other.text("image_filename", i), other.integer("image_hdu", i),
                        table.text("image_filename", i), table.integer("image_hdu", i));
  return other.numbers(column);
}

}  // namespace brickline
