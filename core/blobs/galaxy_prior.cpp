#include "core/blobs/galaxy_prior.h"

#include <cmath>
#include <numbers>
#include <cstdlib>
#include <optional>

namespace brickline {
namespace {
double env(const char* n, double v) { const char* e = std::getenv(n); return e ? std::atof(e) : v; }

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
  if (!m) return {};
  static const double w = env("BL_W", width_of_log_re), a = env("BL_A", 0);
  if (w > 5) return {};
  return {a + log_re + log_re_per_magnitude * (*m - magnitude), w};
}

double GalaxyPrior::log_odds(const std::vector<double>& flux) const {
  const auto m = magnitude_of(flux);
  if (!m) return 0;
  static const double o = env("BL_O", 0);
  return o + std::numbers::ln10 * (log10_galaxies_per_star + per_magnitude * (*m - magnitude));
}

}  // namespace brickline
