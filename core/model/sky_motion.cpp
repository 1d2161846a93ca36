#include "core/model/sky_motion.h"

#include <cmath>
#include <numbers>

namespace brickline {

SkyPosition position_at(double ra, double dec, const SkyMotion& motion, double mjd_tai) {
  constexpr double degree = std::numbers::pi / 180, arcsec = degree / 3600;
  constexpr double days_per_year = 365.25, mjd_of_j2000 = 51544.5;
  constexpr double mjd_of_equinox = 53084.28;  // a passage of the Sun through RA 0
  constexpr double obliquity = 23.44 * degree;
  const auto finite_or_zero = [](double v) { return std::isfinite(v) ? v : 0.0; };
  const double pmra = finite_or_zero(motion.pmra), pmdec = finite_or_zero(motion.pmdec);
  const double parallax = finite_or_zero(motion.parallax);
  if (pmra == 0 && pmdec == 0 && parallax == 0) return {ra, dec};

  const double years = (mjd_tai - mjd_of_j2000) / days_per_year + 2000 - motion.ref_epoch;
  const double moved_dec = dec + years * pmdec / 3.6e6;
  const double moved_ra = ra + years * pmra / 3.6e6 / std::cos(dec * degree);
  if (parallax == 0) return {moved_ra, moved_dec};

  const double size = parallax / 1000 * arcsec;
  const double phase = 2 * std::numbers::pi * std::fmod((mjd_tai - mjd_of_equinox) / days_per_year, 1.0);
  const double x = std::cos(moved_ra * degree) * std::cos(moved_dec * degree) + size * std::cos(phase);
  const double y = std::sin(moved_ra * degree) * std::cos(moved_dec * degree) +
                   size * std::sin(phase) * std::cos(obliquity);
  const double z = std::sin(moved_dec * degree) + size * std::sin(phase) * std::sin(obliquity);
  double out_ra = std::atan2(y, x) / degree;
  if (out_ra < 0) out_ra += 360;
  return {out_ra, std::atan2(z, std::hypot(x, y)) / degree};
}

SkyPosition position_at(const SourceModel& source, double mjd_tai) {
  if (!source.motion) return {source.ra, source.dec};
  return position_at(source.ra, source.dec, *source.motion, mjd_tai);
}

}  // namespace brickline
