// Times: from the clocks of observatories (UTC) to one without leap seconds (TAI).
#pragma once

namespace brickline {

// MJD (TAI) of an MJD (UTC), by the IERS's leap seconds (ERFA's table).
double tai_from_utc(double mjd_utc);

}  // namespace brickline
