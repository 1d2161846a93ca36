#include "tools/calibrate/exposures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <span>

namespace brickline {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kDegree = std::numbers::pi / 180;

// What the whole table has of an exposure, some of whose CCDs are chosen.
struct Exposure {
  std::vector<std::int64_t> rows;             // chosen
  std::int64_t wanted = 0;                    // that bands and cuts let in: what --expnum would choose
  std::map<std::string, std::int64_t> names;  // how many CCDs have that name
};

std::map<std::int64_t, Exposure> exposures_of(const CcdTable& table, const std::vector<std::int64_t>& rows,
                                              const CcdChoice& choice) {
  const auto expnum = [&](std::int64_t i) { return table.table().integer("expnum", i); };
  std::map<std::int64_t, Exposure> exposures;
  for (const std::int64_t i : rows) exposures[expnum(i)].rows.push_back(i);
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    const auto found = exposures.find(expnum(i));
    if (found == exposures.end()) continue;
    found->second.wanted += is_wanted(table.row(i), choice);
    ++found->second.names[table.table().text("ccdname", i)];
  }
  return exposures;
}

// Names where they are unique in the exposure, else rows of the table.
std::string words_of(const CcdTable& table, const Exposure& exposure, std::span<const std::int64_t> rows) {
  std::string words;
  for (const std::int64_t i : rows) {
    const CcdRow ccd = table.row(i);
    const bool unique = ccd.expnum >= 0 && !ccd.ccdname.empty() &&
                        ccd.ccdname.find_first_of(" \t\"'#") == std::string::npos &&
                        exposure.names.at(ccd.ccdname) == 1;
    words += (words.empty() ? "" : " ") +
             (unique ? fmt::format("{}-{}", ccd.expnum, ccd.ccdname) : std::to_string(i));
  }
  return words;
}

std::string line_of(const CcdTable& table, std::span<const std::int64_t> rows, const std::string& name,
                    const std::string& words) {
  double x = 0, y = 0, z = 0, pixels = 0, largest = 0;
  for (const std::int64_t i : rows) {
    const CcdRow ccd = table.row(i);
    const double size = static_cast<double>(ccd.width) * ccd.height;
    pixels += size;
    largest = std::max(largest, size);
    if (!std::isfinite(ccd.ra) || !std::isfinite(ccd.dec)) continue;
    x += std::cos(ccd.dec * kDegree) * std::cos(ccd.ra * kDegree);
    y += std::cos(ccd.dec * kDegree) * std::sin(ccd.ra * kDegree);
    z += std::sin(ccd.dec * kDegree);
  }
  const double ra = std::atan2(y, x) / kDegree;
  const Json json = {{"name", name},
                     {"words", words},
                     {"ra", ra < 0 ? ra + 360 : ra},
                     {"dec", std::atan2(z, std::hypot(x, y)) / kDegree},
                     {"ccds", rows.size()},
                     {"pixels", pixels},
                     {"largest", largest}};
  return json.dump() + "\n";
}

}  // namespace

std::string exposure_lines(const CcdTable& table, const std::vector<std::int64_t>& rows,
                           const CcdChoice& choice, int per_item, const FrozenCalibrate& frozen) {
  const Json head = {{"configuration", frozen.configuration},
                     {"environment", frozen.environment},
                     {"merge", frozen.merge},
                     {"threads", frozen.threads}};
  std::string text = head.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  for (const auto& [expnum, exposure] : exposures_of(table, rows, choice)) {
    const std::span<const std::int64_t> all = exposure.rows;
    const std::size_t most = per_item > 0 ? static_cast<std::size_t>(per_item) : all.size();
    if (all.size() <= most) {
      const bool whole = expnum >= 0 && exposure.wanted == std::ssize(all);
      text += line_of(table, all, std::to_string(expnum),
                      whole ? fmt::format("--expnum {}", expnum) : words_of(table, exposure, all));
      continue;
    }
    for (std::size_t first = 0; first < all.size(); first += most) {
      const auto part = all.subspan(first, std::min(most, all.size() - first));
      text += line_of(table, part, fmt::format("{}.{}", expnum, first / most + 1),
                      words_of(table, exposure, part));
    }
  }
  return text;
}

}  // namespace brickline
