#include "core/wcs/local_linear.h"

#include <numbers>

namespace brickline {
namespace {

// Half the baseline of the symmetric differences: long against rounding (1e-10 pixel), short against
// distortion.
constexpr double kStepDegrees = 1.0 / 3600;
constexpr double kPolarCapDegrees = 89.9;

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
  // Near a pole a step along the parallel is no way east: the tangent plane knows better.
  const bool near_pole = std::abs(dec) > kPolarCapDegrees;
  const Wcs plane = near_pole ? Wcs::tangent(ra, dec, 0, 0, {1, 0, 0, 1}, 1, 1) : Wcs();
  const auto pixel_at = [&](double step_east, double step_north) {
    if (!near_pole) return wcs.sky_to_pixel(ra + step_east / local.cos_dec, dec + step_north);
    const SkyPosition s = plane.pixel_to_sky(step_east, step_north);
    return wcs.sky_to_pixel(s.ra, s.dec);
  };
  const auto east = pixel_at(kStepDegrees, 0), west = pixel_at(-kStepDegrees, 0);
  const auto north = pixel_at(0, kStepDegrees), south = pixel_at(0, -kStepDegrees);
  if (!east || !west || !north || !south) return {};
  const double span = 2 * kStepDegrees;
  local.pixels_per_degree = {(east->x - west->x) / span, (north->x - south->x) / span,
                             (east->y - west->y) / span, (north->y - south->y) / span};
  return local;
}

}  // namespace brickline
