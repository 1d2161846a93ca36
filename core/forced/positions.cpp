#include "core/forced/positions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"

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

double number_of(const std::string& word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size() ? value
                                                                  : std::numeric_limits<double>::quiet_NaN();
}

std::vector<SkyPosition> of_text(std::istream& in, const PositionColumns& columns) {
  std::vector<SkyPosition> out;
  std::vector<std::string> names;
  bool commas = false;
  std::size_t ra = 0, dec = 0, number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty() || line[0] == '#' || line == "\r") continue;
    if (names.empty()) {
      commas = line.find(',') != std::string::npos;
      names = words_of(line, commas);
      ra = column_of(names, columns.ra, kRaNames, "right ascension", "--ra-column");
      dec = column_of(names, columns.dec, kDecNames, "declination", "--dec-column");
      continue;
    }
    const std::vector<std::string> words = words_of(line, commas);
    if (words.size() != names.size())
      throw input_error("line {}: {} values, and the header has {} columns", number, words.size(),
                        names.size());
    out.push_back({number_of(words[ra]), number_of(words[dec])});
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
    const std::string ra = names.at(column_of(names, columns.ra, kRaNames, "right ascension", "--ra-column")),
                      dec = names.at(column_of(names, columns.dec, kDecNames, "declination", "--dec-column"));
    std::vector<SkyPosition> out;
    for (std::int64_t i = 0; i < table.rows(); ++i)
      out.push_back({table.number(ra, i), table.number(dec, i)});
    return out;
  }
  throw input_error("no table in it");
}

}  // namespace

std::vector<SkyPosition> read_positions(const std::filesystem::path& file, const PositionColumns& columns) {
  try {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw input_error("no such file, or it cannot be read");
    std::array<char, 6> magic{};
    in.read(magic.data(), magic.size());
    const bool is_fits = std::string_view(magic.data(), magic.size()) == "SIMPLE" ||
                         (magic[0] == '\x1f' && static_cast<unsigned char>(magic[1]) == 0x8b);
    if (is_fits) return of_table(file, columns);
    in.clear();
    in.seekg(0);
    return of_text(in, columns);
  } catch (Error& e) {
    throw e.in_file(file.string());
  }
}

std::vector<ForcedSource> sources_at(const std::vector<SkyPosition>& positions, const ForcedRegion& region,
                                     const Log& log) {
  std::vector<ForcedSource> out;
  std::size_t senseless = 0;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const SkyPosition& p = positions[i];
    if (!std::isfinite(p.ra) || !(std::abs(p.dec) <= 90)) {
      ++senseless;
      continue;
    }
    ForcedSource s;
    s.objid = static_cast<std::int32_t>(i + 1);
    s.model.ra = p.ra;
    s.model.dec = p.dec;
    if (is_near(s, region)) out.push_back(std::move(s));
  }
  if (senseless > 0)
    log.warning("{} of {} positions are no positions (not numbers, or |dec| > 90): they are left out",
                senseless, positions.size());
  return out;
}

}  // namespace brickline
