// Time scales of observations.
#pragma once

namespace brickline {

// TAI - UTC in seconds at a UTC date (MJD), from the leap seconds of 1972 on (IERS Bulletin C; the last is
// that of 2017-01-01). Earlier dates get that of 1972.
double tai_minus_utc(double mjd_utc);

// The same instant as an MJD in TAI.
double mjd_tai(double mjd_utc);

}  // namespace brickline
