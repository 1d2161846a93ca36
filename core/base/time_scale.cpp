#include "core/base/time_scale.h"

#include <erfa.h>
#include <erfam.h>

#include <cmath>

namespace brickline {

double tai_from_utc(double mjd_utc) {
  if (!std::isfinite(mjd_utc)) return mjd_utc;
  int year = 0, month = 0, day = 0;
  double fraction = 0, seconds = 0;
  if (eraJd2cal(ERFA_DJM0, mjd_utc, &year, &month, &day, &fraction) != 0) return mjd_utc;
  // Its warnings are for years before 1960 and years for which leap seconds are not known yet.
  if (eraDat(year, month, day, fraction, &seconds) < 0) return mjd_utc;
  return mjd_utc + seconds / 86400;
}

}  // namespace brickline
