#include "core/forced/positions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <string_view>

#include "core/base/error.h"
#include "core/fits/column_units.h"
#include "core/fits/fits_reader.h"
#include "core/refs/votable.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

constexpr std::array<const char*, 7> kRaNames = {"ra",        "raj2000", "ra_deg", "_ra",
                                                 "target_ra", "alpha",   "ra_icrs"};
constexpr std::array<const char*, 8> kDecNames = {"dec",        "dej2000", "dec_deg", "_dec",
                                                  "target_dec", "delta",   "de_icrs", "decl"};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
  return text;
}

// The column of that name, or else the first of `known` that there is.
template <std::size_t N>
std::size_t column_of(const std::vector<std::string>& names, const std::string& asked,
                      const std::array<const char*, N>& known, const char* what, const char* option) {
  std::vector<std::string> lowered;
  for (const std::string& name : names) lowered.push_back(lower(name));
  const auto find = [&](const std::string& name) { return std::find(lowered.begin(), lowered.end(), name); };
  if (!asked.empty()) {
    if (const auto it = find(lower(asked)); it != lowered.end())
      return static_cast<std::size_t>(it - lowered.begin());
    throw input_error("no column '{}': there are {}", asked, fmt::join(names, ", "));
  }
  for (const char* name : known)
    if (const auto it = find(name); it != lowered.end())
      return static_cast<std::size_t>(it - lowered.begin());
  throw input_error("no column of {} ({} names it): there are {}", what, option, fmt::join(names, ", "));
}

std::vector<std::string> words_of(const std::string& line, bool commas) {
  std::vector<std::string> words;
  std::string word;
  const auto end = [&] {
    const std::size_t first = word.find_first_not_of(" \t\""), last = word.find_last_not_of(" \t\"");
    words.push_back(first == std::string::npos ? "" : word.substr(first, last - first + 1));
    word.clear();
  };
  for (const char c : line) {
    if (c == '\r') continue;
    if (commas ? c == ',' : c == ' ' || c == '\t') {
      if (commas || !word.empty()) end();
    } else {
      word += c;
    }
  }
  if (commas || !word.empty()) end();
  return words;
}

// NaN where it is none.
double number_of(std::string_view word) {
  while (!word.empty() && std::isspace(static_cast<unsigned char>(word.front()))) word.remove_prefix(1);
  while (!word.empty() && std::isspace(static_cast<unsigned char>(word.back()))) word.remove_suffix(1);
  if (word.starts_with('+')) word.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size() ? value
                                                                  : std::numeric_limits<double>::quiet_NaN();
}

// The two columns among others.
struct Places {
  std::size_t ra = 0, dec = 0;
  Places() = default;
  Places(const std::vector<std::string>& names, const PositionColumns& columns)
      : ra(column_of(names, columns.ra, kRaNames, "right ascension", "--ra-column")),
        dec(column_of(names, columns.dec, kDecNames, "declination", "--dec-column")) {}
};

// Units of an ECSV's heading, "# - {name: ra, unit: deg, datatype: float64}".
std::map<std::string, std::string> units_of_heading(const std::vector<std::string>& lines) {
  std::map<std::string, std::string> units;
  const auto value_of = [](const std::string& line, const std::string& key) -> std::string {
    const std::size_t at = line.find(key + ": ");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + key.size() + 2;
    std::string value = line.substr(begin, line.find_first_of(",}", begin) - begin);
    std::erase_if(value, [](char c) { return c == '\'' || c == '"' || c == ' ' || c == '\r'; });
    return value;
  };
  for (const std::string& line : lines)
    if (line.find("name: ") != std::string::npos) units[value_of(line, "name")] = value_of(line, "unit");
  return units;
}

std::vector<SkyPosition> of_text(std::istream& in, const PositionColumns& columns) {
  std::vector<SkyPosition> out;
  std::vector<std::string> names, heading;
  bool commas = false;
  Places places;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    if (++number == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
    if (line.empty() || line[0] == '#' || line == "\r") {
      if (names.empty()) heading.push_back(line);
      continue;
    }
    if (names.empty()) {
      commas = line.find(',') != std::string::npos;
      names = words_of(line, commas);
      places = Places(names, columns);
      std::map<std::string, std::string> units = units_of_heading(heading);
      for (const std::size_t c : {places.ra, places.dec})
        fits::require_unit(names[c], units[names[c]], fits::WantedUnit::kDegrees);
      continue;
    }
    const std::vector<std::string> words = words_of(line, commas);
    if (words.size() != names.size())
      throw input_error("line {}: {} values, and the header has {} columns", number, words.size(),
                        names.size());
    out.push_back({number_of(words[places.ra]), number_of(words[places.dec])});
  }
  if (names.empty()) throw input_error("no line of column names in it");
  return out;
}

std::vector<SkyPosition> of_table(const std::filesystem::path& file, const PositionColumns& columns) {
  fits::FitsReader reader(file);
  for (int hdu = 0; hdu < reader.hdu_count(); ++hdu) {
    if (!reader.is_table(hdu)) continue;
    std::vector<std::string> names;
    const fits::Table table = reader.table(hdu);
    for (const fits::Column& c : table.columns()) names.push_back(c.name);
    const Places places(names, columns);
    const std::string &ra = names.at(places.ra), &dec = names.at(places.dec);
    for (const std::string& name : {ra, dec}) fits::require_unit(table, name, fits::WantedUnit::kDegrees);
    std::vector<SkyPosition> out;
    for (std::int64_t i = 0; i < table.rows(); ++i)
      out.push_back({table.number(ra, i), table.number(dec, i)});
    return out;
  }
  throw input_error("no table in it");
}

std::vector<SkyPosition> of_votable(std::istream& in, const PositionColumns& columns) {
  std::vector<SkyPosition> out;
  Places places;
  read_votable(
      in,
      [&](const std::vector<VotableField>& fields) {
        std::vector<std::string> names;
        for (const VotableField& f : fields) names.push_back(f.name.empty() ? f.id : f.name);
        places = Places(names, columns);
        for (const std::size_t c : {places.ra, places.dec})
          fits::require_unit(names[c], fields[c].unit, fits::WantedUnit::kDegrees);
      },
      [&](const std::vector<std::string>& row) {
        out.push_back({number_of(row[places.ra]), number_of(row[places.dec])});
      });
  return out;
}

bool is_position(const SkyPosition& p) { return std::abs(p.ra) <= 360 && std::abs(p.dec) <= 90; }

std::vector<SkyPosition> of_file(const std::filesystem::path& file, const PositionColumns& columns) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw input_error("no such file, or it cannot be read");
  std::array<char, 64> first{};
  in.read(first.data(), first.size());
  const std::string_view begin(first.data(), static_cast<std::size_t>(in.gcount()));
  if (begin.starts_with("SIMPLE") || begin.starts_with("\x1f\x8b")) return of_table(file, columns);
  in.clear();
  in.seekg(0);
  return looks_like_votable(begin) ? of_votable(in, columns) : of_text(in, columns);
}

}  // namespace

std::vector<SkyPosition> read_positions(const std::filesystem::path& file, const PositionColumns& columns) {
  try {
    std::vector<SkyPosition> out = of_file(file, columns);
    if (!out.empty() && std::ranges::none_of(out, is_position))
      throw input_error(
          "none of its {} rows has a position: numbers are wanted, in degrees (not hours, minutes and seconds)",
          out.size());
    return out;
  } catch (Error& e) {
    throw e.in_file(file.string());
  }
}

std::size_t count_senseless(const std::vector<SkyPosition>& positions) {
  return static_cast<std::size_t>(std::ranges::count_if(positions, std::not_fn(is_position)));
}

std::vector<ForcedSource> sources_at(const std::vector<SkyPosition>& positions, const ForcedRegion& region) {
  // What is far away costs no projection.
  const SkyPosition centre = region.wcs->center();
  const CdMatrix cd = region.wcs->cd();
  const double pixel = std::sqrt(std::abs(cd[0] * cd[3] - cd[1] * cd[2]));
  const double reach = 1.01 * region.wcs->radius_degrees() + 2 * kForcedMargin * pixel;
  std::vector<ForcedSource> out;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const SkyPosition& p = positions[i];
    if (!is_position(p) || !(std::abs(p.dec - centre.dec) <= reach) ||
        angular_separation(p.ra, p.dec, centre.ra, centre.dec) > reach)
      continue;
    ForcedSource s{.profiles = GalaxyProfiles::kReference};  // a point source has none
    s.objid = static_cast<std::int32_t>(i + 1);
    s.model.ra = p.ra;
    s.model.dec = p.dec;
    if (is_near(s, region)) out.push_back(std::move(s));
  }
  return out;
}

}  // namespace brickline
