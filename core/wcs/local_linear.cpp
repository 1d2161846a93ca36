#include "core/wcs/local_linear.h"

#include <numbers>

namespace brickline {
namespace {

// Half the baseline of the symmetric differences: long against rounding (1e-10 pixel), short against
// distortion.
constexpr double kStepDegrees = 1.0 / 3600;

}  // namespace

std::optional<LocalLinearWcs> local_linear(const Wcs& wcs, double ra, double dec,
                                           LocalLinearWcs::Jacobian jacobian) {
  const auto pixel = wcs.sky_to_pixel(ra, dec);
  if (!pixel) return {};
  LocalLinearWcs local;
  local.sky = {ra, dec};
  local.pixel = *pixel;
  local.cos_dec = std::cos(dec * std::numbers::pi / 180);
  if (jacobian == LocalLinearWcs::Jacobian::kConstantCd) {
    const CdMatrix& cd = wcs.cd();
    const double det = cd[0] * cd[3] - cd[1] * cd[2];
    local.pixels_per_degree = {cd[3] / det, -cd[1] / det, -cd[2] / det, cd[0] / det};
    return local;
  }
  const double step_ra = kStepDegrees / local.cos_dec;
  const auto east = wcs.sky_to_pixel(ra + step_ra, dec), west = wcs.sky_to_pixel(ra - step_ra, dec);
  const auto north = wcs.sky_to_pixel(ra, dec + kStepDegrees),
             south = wcs.sky_to_pixel(ra, dec - kStepDegrees);
  if (!east || !west || !north || !south) return {};
  const double span = 2 * kStepDegrees;
  local.pixels_per_degree = {(east->x - west->x) / span, (north->x - south->x) / span,
                             (east->y - west->y) / span, (north->y - south->y) / span};
  return local;
}

}  // namespace brickline
