#include "core/forced/zero_point.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/base/median.h"

namespace brickline {
namespace {

constexpr double kSigmaOfMad = 1.4826, kErrorOfMedian = 1.2533;  // of a normal distribution

}  // namespace

ZeroPointCheck check_zero_point(const ForcedResult& result, std::span<const ForcedSource> sources,
                                const ZeroPointOptions& options) {
  std::vector<double> offsets;
  for (const ForcedMeasurement& row : result.rows) {
    const ForcedSource& source = sources[row.source];
    if (source.model.is_galaxy() || !source.has_profile || !source.flux || !(*source.flux > 0)) continue;
    if (!(row.flux_ivar > 0) || !(row.flux > 0) || row.dqmask != 0 || !(row.fracmasked < 0.1f)) continue;
    if (!(row.flux * std::sqrt(row.flux_ivar) > options.least_significance)) continue;
    if (!(row.fracflux < options.most_fracflux)) continue;
    offsets.push_back(-2.5 * std::log10(static_cast<double>(row.flux) / *source.flux));
  }
  ZeroPointCheck out;
  out.stars = static_cast<int>(offsets.size());
  out.offset = out.error = std::numeric_limits<float>::quiet_NaN();
  if (out.stars < options.fewest_stars) return out;
  const double middle = median_in_place(offsets);
  for (double& d : offsets) d = std::abs(d - middle);
  const double scatter = std::hypot(kSigmaOfMad * median_in_place(offsets), options.scatter_floor);
  const double error = kErrorOfMedian * scatter / std::sqrt(static_cast<double>(out.stars));
  out.offset = static_cast<float>(middle);
  out.error = static_cast<float>(error);
  out.wrong = std::abs(middle) > options.tolerance && std::abs(middle) > options.significance * error;
  return out;
}

void correct_zero_point(ForcedResult& result, const ZeroPointCheck& check) {
  if (!std::isfinite(check.offset)) return;
  const auto factor = static_cast<float>(std::pow(10, 0.4 * check.offset));
  const float ivar_factor = 1 / (factor * factor);
  for (ForcedMeasurement& row : result.rows) {
    for (float* flux : {&row.flux, &row.flux_limit95, &row.flux_agn}) *flux *= factor;
    for (float* ivar : {&row.flux_ivar, &row.flux_ivar_joint, &row.flux_agn_ivar}) *ivar *= ivar_factor;
    for (float& flux : row.apflux) flux *= factor;
    for (float& ivar : row.apflux_ivar) ivar *= ivar_factor;
    if (!row.motion) continue;
    StarMotion& m = *row.motion;
    for (float* flux : {&m.flux_motion, &m.flux_dra, &m.flux_ddec, &m.full_fit_flux}) *flux *= factor;
    for (float* ivar : {&m.flux_motion_ivar, &m.flux_dra_ivar, &m.flux_ddec_ivar, &m.full_fit_flux_ivar})
      *ivar *= ivar_factor;
  }
}

void correct_zero_point(CcdImage& image, ForcedResult& result, const ZeroPointCheck& check) {
  correct_zero_point(result, check);
  if (!std::isfinite(check.offset)) return;
  const double factor = std::pow(10, 0.4 * check.offset);
  image.sig1 *= factor;
  image.zpscale /= factor;
  const auto scale = [](Image<float>& pixels, double by) {
    for (int y = 0; y < pixels.height(); ++y)
      for (int x = 0; x < pixels.width(); ++x) pixels(x, y) *= static_cast<float>(by);
  };
  scale(image.data, factor);
  scale(result.model, factor);
  scale(image.inverse_error, 1 / factor);
}

}  // namespace brickline
