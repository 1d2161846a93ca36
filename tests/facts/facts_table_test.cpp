// The table of the facts and the parser say the same; the schema and the page are made of the table.
#include "core/facts/facts_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "core/facts/camera_facts.h"
#include "core/facts/mask_operation.h"
#include "tests/facts/schema_check.h"

namespace brickline {
namespace {

using nlohmann::json;
using ::testing::IsEmpty;

const json kRequired = json::parse(
    R"({"detector": {"pixel_scale_arcsec": 0.262, "bands": ["g", "r"]}, "pixels": {"unit": "total"}})");

// Free keys, where the table has *.
std::string key_for(const std::string& parent) { return parent == "catalogues" ? "ps1" : "g"; }

// The place of a path of the table in a camera's facts.
json& at(json& root, const std::string& path) {
  json* here = &root;
  std::string parent;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    std::string key = path.substr(begin, end - begin);
    if (key == "*") key = key_for(parent);
    here = &(*here)[key];
    parent = key;
    begin = end + 1;
  }
  return *here;
}

std::vector<std::string> problems_of(const json& facts) {
  return parse_camera_facts(facts.dump(), {"cam", {}, {}}).problems;
}

// Facts in which a part stands where one may.
json with_part(const std::string& part, const json& value) {
  static const std::map<std::string, std::string> kPlaces = {{"source", "/metadata/gain"},
                                                             {"condition", "/good_region/0/when"},
                                                             {"limits", "/good_region/0/when/mjd"},
                                                             {"version_limits", "/good_region/0/when/plver"},
                                                             {"card_condition", "/good_region/0/when/card"},
                                                             {"companion", "/files/mask"},
                                                             {"operation", "/mask/pipeline/0"},
                                                             {"rectangle", "/mask/pipeline/0/rows/0"},
                                                             {"saturation_rule", "/saturation/rules/0"},
                                                             {"region_rule", "/good_region/0"},
                                                             {"amplifier_row", "/amplifiers/table/0"},
                                                             {"psf_rule", "/psf/rules/0"},
                                                             {"wcs_sidecar", "/wcs/sidecars/0"},
                                                             {"psf_rule.value", "/psf/rules/0/value"},
                                                             {"colour_term", "/photometry/catalogues/ps1/g"},
                                                             {"detrend", "/photometry/detrend/g"},
                                                             {"extra_cut", "/quality/extra_cuts/0"},
                                                             {"halo_profile", "/halo/bands/g"}};
  json facts = kRequired;
  if (part == "rectangle") facts["mask"]["pipeline"] = json::array({{{"op", "rectangles"}}});
  if (kPlaces.at(part).starts_with("/good_region/0/")) facts["good_region"] = json::array({{{"x0", 0}}});
  facts[json::json_pointer(kPlaces.at(part))] = value;
  return facts;
}

// The keys that the parser says there are, asked by one that there is not.
std::set<std::string> known_keys(const json& facts_with_zzz) {
  std::set<std::string> keys;
  for (const std::string& problem : problems_of(facts_with_zzz)) {
    const auto begin = problem.find("zzz: unknown key"), list = problem.find("there are ");
    if (begin == std::string::npos || list == std::string::npos) continue;
    std::string names = problem.substr(list + 10);
    for (std::size_t i = 0; i < names.size();) {
      const auto end = std::min(names.find(", ", i), names.size());
      keys.insert(names.substr(i, end - i));
      i = end + 2;
    }
  }
  return keys;
}

// Of each object of the table its keys; objects with free keys have none.
std::map<std::string, std::set<std::string>> objects_of_the_table() {
  std::map<std::string, std::set<std::string>> objects;
  for (const FactRow& row : fact_rows()) {
    const std::string path(row.path);
    if (path == "plugin") continue;  // of a file's, not of the facts that are parsed
    const auto dot = path.rfind('.');
    if (dot == std::string::npos && path.starts_with('@')) continue;
    const std::string object = dot == std::string::npos ? "" : path.substr(0, dot);
    const std::string key = dot == std::string::npos ? path : path.substr(dot + 1);
    if (key != "*") objects[object].insert(key);
  }
  return objects;
}

TEST(FactsTable, HasTheKeysThatTheParserKnowsAndNoOthers) {
  for (const auto& [object, keys] : objects_of_the_table()) {
    if (object == "@operation" || object == "@halo_profile") continue;  // by kind, below
    if (object == "photometry.catalogues.*") continue;                  // bands are free keys
    json facts = kRequired;
    if (object.starts_with('@'))
      facts = with_part(object.substr(1), {{"zzz", 1}});
    else if (object.empty())
      facts["zzz"] = 1;
    else
      at(facts, object + ".zzz") = 1;
    EXPECT_EQ(known_keys(facts), keys) << object;
  }
  std::set<std::string> of_operations;
  for (const char* op : {"static_mask", "codes_touching", "codes", "bits", "planes", "keep_bits", "clear",
                         "bleed_must_touch_satur", "rectangles", "below", "above"})
    of_operations.merge(known_keys(with_part("operation", {{"op", op}, {"zzz", 1}})));
  EXPECT_EQ(of_operations, objects_of_the_table().at("@operation"));
  std::set<std::string> of_profiles = known_keys(with_part("halo_profile", {{"form", "power"}, {"zzz", 1}}));
  of_profiles.merge(known_keys(with_part("halo_profile", {{"form", "moffat"}, {"zzz", 1}})));
  EXPECT_EQ(of_profiles, objects_of_the_table().at("@halo_profile"));
}

// All examples in one camera, but for those that exclude each other.
json all_examples() {
  json facts = kRequired;
  for (const FactRow& row : fact_rows()) {
    const std::string path(row.path);
    if (path.starts_with('@') || row.example.empty() || path == "plugin" || path == "extends") continue;
    json value = json::parse(row.example);
    json& place = at(facts, path);
    if (place.is_object() && value.is_object())
      place.update(value);
    else
      place = value;
  }
  return facts;
}

std::vector<json> examples_of_parts() {
  std::map<std::string, json> parts;
  for (const FactRow& row : fact_rows()) {
    const std::string path(row.path);
    if (!path.starts_with('@') || row.example.empty() || path.starts_with("@operation.")) continue;
    const auto dot = path.rfind('.');
    parts[path.substr(1, dot - 1)][path.substr(dot + 1)] = json::parse(row.example);
  }
  std::vector<json> all;
  for (auto& [part, value] : parts) {
    if (part == "companion") {
      for (const char* way : {"substitute", "same_file", "pattern"})
        all.push_back(with_part(part, {{way, value[way]}, {"hdu", value["hdu"]}}));
    } else if (part == "source") {
      const json constant = {{"constant", value["constant"]}};
      value.erase("constant");
      all.push_back(with_part(part, value));
      all.push_back(with_part(part, constant));
    } else if (part == "halo_profile") {
      all.push_back(with_part(part, {{"form", "power"}, {"weight", 1}, {"exponent", value["exponent"]}}));
      value["form"] = "moffat";
      value.erase("exponent");
      all.push_back(with_part(part, value));
    } else if (part != "psf_rule.value") {
      if (part == "psf_rule") value["value"] = parts["psf_rule.value"];
      all.push_back(with_part(part, value));
    }
  }
  const std::map<std::string, std::vector<std::string>> operations = {
      {"static_mask", {"file", "hdu_by", "code"}},
      {"codes_touching", {"code", "neighbour", "becomes"}},
      {"codes", {"table", "others", "when"}},
      {"bits", {"table", "others"}},
      {"planes", {"table", "others", "cards", "names", "values", "ignore_names"}},
      {"keep_bits", {"ignore", "sets"}},
      {"clear", {"bit", "where_also"}},
      {"bleed_must_touch_satur", {"dilate"}},
      {"rectangles", {"rows"}},
      {"above", {"value", "bit", "per_second"}}};
  for (const auto& [op, keys] : operations) {
    json value = {{"op", op}};
    for (const FactRow& row : fact_rows())
      for (const std::string& key : keys)
        if (row.path == "@operation." + key) value[key] = json::parse(row.example);
    all.push_back(with_part("operation", value));
  }
  return all;
}

TEST(FactsTable, ItsExamplesAreWhatTheParserAndTheSchemaTake) {
  const test::SchemaCheck schema(facts_schema());
  std::vector<json> all = examples_of_parts();
  all.push_back(all_examples());
  EXPECT_GT(all.size(), 25u);
  for (const json& facts : all) {
    EXPECT_THAT(problems_of(facts), IsEmpty()) << facts.dump();
    EXPECT_EQ(schema.problem(facts), "") << facts.dump();
  }
}

TEST(FactsTable, ItsDefaultsMayBeSaid) {
  const test::SchemaCheck schema(facts_schema());
  json facts = kRequired;
  for (const FactRow& row : fact_rows()) {
    const std::string path(row.path);
    if (path.starts_with('@') || row.standard.empty() || row.standard == "required" || row.type == "object" ||
        path.find('*') != std::string::npos || path.starts_with("halo.") ||
        path.starts_with("pixels.decode."))
      continue;  // the last are keys of objects that are not there unless something else is said
    at(facts, path) = json::parse(row.standard);
  }
  EXPECT_GT(facts.dump().size(), 1500u);
  EXPECT_THAT(problems_of(facts), IsEmpty());
  EXPECT_EQ(schema.problem(facts), "");
}

TEST(FactsTable, TheSchemaRefusesWhatTheParserRefuses) {
  const test::SchemaCheck schema(facts_schema());
  const auto wrong = [&](const std::string& path, json value) {
    json facts = kRequired;
    at(facts, path) = std::move(value);
    EXPECT_THAT(problems_of(facts), ::testing::Not(IsEmpty())) << path;
    return schema.problem(facts);
  };
  EXPECT_NE(wrong("pixels.unit", "per_minute"), "");
  EXPECT_NE(wrong("detector.pixel_scale_arcsec", 99), "");
  EXPECT_NE(wrong("weight.trim_exces_pixels", 1), "");
  EXPECT_NE(wrong("mask.pipeline", json::array({{{"op", "cod"}}})), "");
  EXPECT_NE(wrong("metadata.band", {{"card", "FILTER"}}), "");
  EXPECT_NE(wrong("noise", {{"estimate", "weights"}}), "");
}

TEST(FactsTable, ThePageIsTheOneThatTheSdkHas) {
  std::ifstream file(BRICKLINE_SOURCE_DIR "/sdk/FACTS.md");
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  if (page == facts_reference()) return;
  std::ofstream(BRICKLINE_BUILD_DIR "/tests/FACTS.md") << facts_reference();
  FAIL() << "sdk/FACTS.md is not what the table says: copy " BRICKLINE_BUILD_DIR "/tests/FACTS.md";
}

TEST(FactsTable, EveryRowIsSaidOnce) {
  std::set<std::string_view> seen;
  for (const FactRow& row : fact_rows()) {
    EXPECT_TRUE(seen.insert(row.path).second) << row.path;
    EXPECT_FALSE(row.words.empty()) << row.path;
    EXPECT_FALSE(row.reader.empty()) << row.path;
  }
}

}  // namespace
}  // namespace brickline
