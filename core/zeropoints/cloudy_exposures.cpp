#include "core/zeropoints/cloudy_exposures.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "core/zeropoints/robust.h"

namespace brickline {
namespace {

constexpr int kTurns = 10;
constexpr double kSigmaPerMedian = 1.4826;
constexpr std::size_t kFewestOfANight = 3;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::vector<double> medians(std::span<const ClearValue> ccds, int ClearValue::*group, std::size_t groups,
                            const std::vector<double>& values) {
  std::vector<std::vector<double>> lists(groups);
  for (std::size_t i = 0; i < ccds.size(); ++i)
    if (std::isfinite(values[i])) lists[at(ccds[i].*group)].push_back(values[i]);
  std::vector<double> out;
  for (auto& list : lists) out.push_back(median_of(std::move(list)));
  return out;
}

double quantile(std::vector<double> values, double part) {
  const auto i = static_cast<std::size_t>(std::lround(part * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), values.end());
  return values[i];
}

}  // namespace

std::vector<ExposureSky> judge_exposures(std::span<const ClearValue> ccds, const CloudOptions& options) {
  std::size_t exposures = 0, detectors = 0;
  for (const ClearValue& c : ccds) {
    exposures = std::max(exposures, at(c.exposure) + 1);
    detectors = std::max(detectors, at(c.detector) + 1);
  }
  std::vector<ExposureSky> out(exposures);
  std::vector<double> efficiency(detectors), level, rest(ccds.size());
  for (int turn = 0; turn < kTurns; ++turn) {
    for (std::size_t i = 0; i < ccds.size(); ++i) rest[i] = ccds[i].value - efficiency[at(ccds[i].detector)];
    level = medians(ccds, &ClearValue::exposure, exposures, rest);
    for (std::size_t i = 0; i < ccds.size(); ++i) rest[i] = ccds[i].value - level[at(ccds[i].exposure)];
    efficiency = medians(ccds, &ClearValue::detector, detectors, rest);
  }
  for (std::size_t i = 0; i < ccds.size(); ++i) rest[i] -= efficiency[at(ccds[i].detector)];

  std::vector<std::vector<double>> scatter(exposures), errors(exposures), excess(exposures);
  std::vector<std::pair<int, int>> night(exposures, {-1, -1});  // and system
  for (std::size_t i = 0; i < ccds.size(); ++i) {
    const std::size_t x = at(ccds[i].exposure);
    night[x] = {ccds[i].system, ccds[i].night};
    if (std::isfinite(ccds[i].star_excess)) excess[x].push_back(ccds[i].star_excess);
    if (!std::isfinite(rest[i])) continue;
    scatter[x].push_back(std::abs(rest[i]));
    errors[x].push_back(ccds[i].error);
  }
  std::map<std::pair<int, int>, std::vector<double>> nights;
  std::map<int, std::vector<double>> systems;
  for (std::size_t x = 0; x < exposures; ++x) {
    if (!std::isfinite(level[x])) continue;
    nights[night[x]].push_back(level[x]);
    systems[night[x].first].push_back(level[x]);
  }
  std::map<std::pair<int, int>, double> clear_night;
  std::map<int, double> clear_season;
  for (auto& [system, levels] : systems) clear_season[system] = quantile(levels, options.clear_quantile);
  for (auto& [key, levels] : nights)
    clear_night[key] = key.second < 0 || levels.size() < kFewestOfANight
                           ? clear_season.at(key.first)
                           : quantile(levels, options.clear_quantile);
  for (std::size_t x = 0; x < exposures; ++x) {
    ExposureSky& sky = out[x];
    if (std::isfinite(level[x])) {
      sky.offset = clear_night.at(night[x]) - level[x];
      sky.has_offset = sky.offset > options.largest_offset ||
                       clear_season.at(night[x].first) - level[x] > options.largest_season_offset;
    }
    if (std::ssize(scatter[x]) >= options.fewest_ccds) {
      const double seen = kSigmaPerMedian * median_of(std::move(scatter[x])),
                   error = median_of(std::move(errors[x]));
      sky.ccd_scatter = std::sqrt(std::max(0., seen * seen - error * error));
      sky.has_ccd_scatter = sky.ccd_scatter > options.largest_ccd_scatter;
    }
    sky.star_excess = median_of(std::move(excess[x]));
    sky.has_star_excess = sky.star_excess > options.largest_star_excess;
  }
  return out;
}

}  // namespace brickline
