#include "core/blobs/galaxy_prior.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

namespace brickline {
namespace {

// A galaxy that is brighter shows its radius, in r, and a piece of one that no profile fits is no galaxy of the prior.
constexpr double kShowsItsRadius = 21.5;

std::optional<double> magnitude_of(const std::vector<double>& flux) {
  constexpr double kZeroPoint = 22.5;
  double sum = 0;
  int count = 0;
  for (const double f : flux) {
    if (!(f > 0) || !std::isfinite(f)) continue;
    sum += f;
    ++count;
  }
  if (count == 0) return {};
  return kZeroPoint - 2.5 * std::log10(sum / count);
}

}  // namespace

RadiusPrior GalaxyPrior::radius(const std::vector<double>& flux) const {
  const auto m = magnitude_of(flux);
  if (!m || *m < kShowsItsRadius) return {};
  return {log_re + log_re_per_magnitude * (*m - magnitude), width_of_log_re};
}

double GalaxyPrior::log_odds(const std::vector<double>& flux) const {
  const auto m = magnitude_of(flux);
  if (!m) return 0;
  return std::numbers::ln10 * (log10_galaxies_per_star + per_magnitude * (*m - magnitude)) - std::log(stars);
}

double GalaxyPrior::crowding(const SourceList& sources, const Wcs& brick) const {
  const double arcmin = brick.pixel_scale_arcsec() / 60,
               area = brick.width() * brick.height() * arcmin * arcmin;
  int count = 0;
  for (const DetectedSource& s : sources) {
    const auto m = magnitude_of(s.model.flux);
    const bool here = s.x >= 0 && s.y >= 0 && s.x < brick.width() && s.y < brick.height();
    count += m && *m < counted_to && here ? 1 : 0;
  }
  if (!(area > 0)) return 1;
  // Of few sources as many as chance does not bring together.
  constexpr double kSigmas = 3;
  const double sure = count - kSigmas * std::sqrt(count);
  return std::max(1.0, (sure / area - most_galaxies * galaxies_per_arcmin2) / stars_per_arcmin2);
}

}  // namespace brickline
