#include "core/wise/light_curve.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <string>
#include <utility>

namespace brickline {
namespace {

constexpr int kEnoughFrames = 12;
constexpr double kVisitDays = 182.625;     // the sky is scanned twice a year
constexpr double kHibernationDays = 1046;  // from the last visit before it to the first after
constexpr double kBeforeHibernation = 56000, kLastVisitBefore = 55593;  // MJD

}  // namespace

int light_curve_width(const std::filesystem::path& directory) {
  std::string name = directory.filename().string();
  if (name.empty()) name = directory.parent_path().filename().string();
  constexpr std::array<std::pair<const char*, int>, 4> kWidths = {
      {{"neo4", 11}, {"neo6", 15}, {"neo7", 17}, {"neo11", 25}}};
  for (const auto& [release, width] : kWidths)
    if (name == release) return width;
  return 0;
}

std::vector<int> kept_epochs(std::span<const int> frames, std::span<const double> mjd, int width) {
  const auto count = static_cast<int>(std::min(frames.size(), mjd.size()));
  std::vector<int> candidates;
  if (width <= 0) return candidates;
  if (count <= width) {
    candidates.resize(static_cast<std::size_t>(count));
    std::iota(candidates.begin(), candidates.end(), 0);
    return candidates;
  }
  std::vector<int> sorted(frames.begin(), frames.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const int least = std::min(sorted[static_cast<std::size_t>(width - 1)], kEnoughFrames);
  for (int i = 0; i < count; ++i)
    if (frames[static_cast<std::size_t>(i)] >= least) candidates.push_back(i);
  if (static_cast<int>(candidates.size()) <= width) return candidates;

  const auto time = [&](int i) { return mjd[static_cast<std::size_t>(i)]; };
  std::vector<int> kept;
  const auto keep = [&](std::vector<int>::iterator chosen) {
    kept.push_back(*chosen);
    candidates.erase(chosen);
  };
  keep(std::min_element(candidates.begin(), candidates.end(),
                        [&](int a, int b) { return time(a) < time(b); }));
  const double first = time(kept.front());
  for (int j = 1; j < width; ++j) {
    double target = first + j * kVisitDays;
    if (first < kBeforeHibernation && target > kLastVisitBefore) target += kHibernationDays - kVisitDays;
    keep(std::min_element(candidates.begin(), candidates.end(), [&](int a, int b) {
      return std::abs(time(a) - target) < std::abs(time(b) - target);
    }));
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

}  // namespace brickline
