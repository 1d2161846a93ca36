#include "core/facts/camera_facts.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/numbers.h"
#include "core/facts/facts_reader.h"

namespace brickline {
namespace {

void replace_all(std::string& s, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (std::size_t at = 0; (at = s.find(from, at)) != std::string::npos; at += to.size())
    s.replace(at, from.size(), to);
}

bool remove_ending(std::string& s, std::string_view ending) {
  if (!s.ends_with(ending)) return false;
  s.erase(s.size() - ending.size());
  return true;
}

// "[x0:x1,y0:y1]", 1-based inclusive.
Box section_of(const std::string& text, const std::string& key) {
  static const Pattern kForm(R"(^\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]$)");
  constexpr std::int64_t kLargest = 1'000'000'000;
  const auto parts = kForm.groups(text);
  std::array<int, 4> v{};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto pixel = parts ? parse_int((*parts)[i + 1]) : std::nullopt;
    if (!pixel || *pixel > kLargest) throw input_error("{} = '{}' is not a section [a:b,c:d]", key, text);
    v[i] = static_cast<int>(*pixel);
  }
  return {v[0] - 1, v[1], v[2] - 1, v[3]};
}

}  // namespace

const Sources& MetadataFacts::of(std::string_view field) const {
  const auto found = fields.find(field);
  if (found == fields.end()) throw internal_error("no metadata field {}", field);
  return found->second;
}

std::optional<HaloModel> HaloFacts::model(const CcdValues& ccd, CcdHeaders* headers) const {
  const auto rules = bands.find(ccd.band);
  if (rules == bands.end()) return std::nullopt;
  const HaloProfile* profile = rules->second.find(ccd, headers);
  if (!profile) return std::nullopt;
  HaloModel model;
  model.profile = *profile;
  model.inner_arcsec = inner_arcsec;
  model.inner_ramp_arcsec = inner_ramp_arcsec;
  model.max_radius_arcsec = max_radius_arcsec;
  model.radius_factor = radius_factor;
  model.scaling = scaling;
  return model;
}

const BandFacts* CameraFacts::band(std::string_view name) const {
  for (const BandFacts& b : bands)
    if (b.name == name) return &b;
  return nullptr;
}

std::map<std::string, BandFacts> facts_of_bands(std::span<const std::string> bands,
                                                std::span<const CameraFacts* const> cameras) {
  std::map<std::string, BandFacts> out;
  for (const std::string& band : bands) {
    BandFacts stated;
    for (const CameraFacts* camera : cameras)
      if (const BandFacts* own = camera->band(band)) stated = merged(*own, stated);
    out[band] = merged(standard_band_facts(band), stated);
  }
  return out;
}

std::string base_name(FileFacts::BaseName rule, std::string_view image_filename) {
  std::string name(image_filename.substr(image_filename.find_last_of('/') + 1));
  if (rule == FileFacts::BaseName::kFirstDot) return name.substr(0, name.find('.'));
  remove_ending(name, ".fz");
  remove_ending(name, ".gz");
  remove_ending(name, ".fits");
  return name;
}

std::string expanded(std::string pattern, FileFacts::BaseName rule, const CcdValues& ccd) {
  const std::string& image = ccd.image_filename;
  const std::size_t slash = image.find_last_of('/');
  replace_all(pattern, "{dir}", slash == std::string::npos ? "." : image.substr(0, slash));
  replace_all(pattern, "{base}", base_name(rule, image));
  replace_all(pattern, "{ccd}", ccd.ccdname);
  replace_all(pattern, "{expnum}", std::to_string(ccd.expnum));
  return pattern;
}

std::string companion_path(const CompanionFile& rule, const CcdValues& ccd) {
  std::string path = ccd.image_filename;
  switch (rule.kind) {
    case CompanionFile::Kind::kNone:
      return {};
    case CompanionFile::Kind::kSameFile:
      return path;
    case CompanionFile::Kind::kPattern:
      return expanded(rule.pattern, FileFacts::BaseName::kFirstDot, ccd);
    case CompanionFile::Kind::kSubstitute:
      break;
  }
  for (const auto& [from, to] : rule.substitute) replace_all(path, from, to);
  if (path == ccd.image_filename) {
    std::string tokens;
    for (const auto& [from, to] : rule.substitute) tokens += (tokens.empty() ? "" : " or ") + from;
    throw input_error("{}: its mask and weight files cannot be named, the name holds no {}", path, tokens);
  }
  return path;
}

double effective_zero_point(const PixelFacts& pixels, double ccdzpt, double exptime) {
  if (!pixels.exposure_term) return ccdzpt;
  return ccdzpt + 2.5 * static_cast<double>(std::log10(static_cast<float>(exptime)));
}

Box good_region(const std::vector<GoodRegionRule>& rules, const CcdValues& ccd, CcdHeaders* headers) {
  Box good = Box::from_size(ccd.width, ccd.height);
  for (const GoodRegionRule& rule : rules) {
    if (!holds(rule.when, ccd, headers)) continue;
    const auto limit = [](const std::optional<RegionLimit>& l, int size, int fallback) {
      return l ? (l->from_far_edge ? size - l->at : l->at) : fallback;
    };
    good = intersection(good, {limit(rule.x0, ccd.width, 0), limit(rule.x1, ccd.width, ccd.width),
                               limit(rule.y0, ccd.height, 0), limit(rule.y1, ccd.height, ccd.height)});
    if (!rule.card.empty() && headers)
      if (const auto text = headers->text({rule.card}, HeaderOf::kEither))
        good = intersection(good, section_of(*text, rule.card));
  }
  return good;
}

std::string extended_camera(std::string_view text) {
  facts::Report report;
  const facts::Json json = facts::parse_object(text, report);
  if (!report.problems.empty()) throw input_error("{}", report.problems.front());
  const auto found = json.find("extends");
  if (found == json.end() || found->is_null()) return {};
  if (!found->is_string()) throw input_error("extends: {} is not a camera's name", facts::shown(*found));
  return found->get<std::string>();
}

namespace {

using facts::Json;

Json parsed(std::string_view text) {
  facts::Report report;
  Json json = facts::parse_object(text, report);
  if (!report.problems.empty()) throw input_error("{}", report.problems.front());
  return json;
}

void lay_over(Json& base, const Json& own) {
  for (const auto& [key, value] : own.items()) {
    const bool append = key.size() > 1 && key.back() == '+', prepend = key.size() > 1 && key.front() == '+';
    if ((append || prepend) && value.is_array()) {
      const std::string name = append ? key.substr(0, key.size() - 1) : key.substr(1);
      const Json old = base.contains(name) && base[name].is_array() ? base[name] : Json::array();
      Json& merged = base[name] = append ? old : value;
      for (const Json& item : append ? value : old) merged.push_back(item);
    } else if (value.is_object() && base.contains(key) && base[key].is_object()) {
      lay_over(base[key], value);
    } else {
      base[key] = value;
    }
  }
}

// The minor of "facts": "1.2"; 0 where it is not said, or not so.
int facts_minor(const Json& json) {
  const auto found = json.find("facts");
  if (found == json.end() || !found->is_string()) return 0;
  const std::string text = found->get<std::string>();
  const auto dot = text.find('.');
  const auto minor = dot == std::string::npos ? std::nullopt : parse_int(text.substr(dot + 1));
  return minor && *minor >= 0 && *minor < 10000 ? static_cast<int>(*minor) : 0;
}

// A whole number is written as one, however it was spelled.
void normalize_numbers(Json& json) {
  if (json.is_number_float()) {
    const double value = json.get<double>();
    if (value == std::floor(value) && std::abs(value) < 9007199254740992.0)
      json = static_cast<std::int64_t>(value);
  } else if (json.is_structured()) {
    for (Json& item : json) normalize_numbers(item);
  }
}

}  // namespace

std::string merge_camera_facts(std::string_view base, std::string_view own) {
  Json merged = parsed(base);
  merged.erase("camera");
  merged.erase("extends");
  merged.erase("abstract");
  const Json derived = parsed(own);
  const bool base_is_newer = facts_minor(merged) > facts_minor(derived);
  const Json version = base_is_newer ? merged["facts"] : Json();
  lay_over(merged, derived);
  if (base_is_newer) merged["facts"] = version;
  return merged.dump();
}

std::string canonical_facts(std::string_view text) {
  Json json = parsed(text);
  normalize_numbers(json);
  return json.dump();
}

}  // namespace brickline
