// Where a moving star stands at the time of an exposure.
#pragma once

#include "core/model/source_model.h"
#include "core/wcs/wcs.h"

namespace brickline {

// Propagates (ra, dec) [degrees] from motion.ref_epoch to `mjd_tai` (TAI, start of the exposure). Linear in
// the catalog's proper motion, then the annual parallax of an Earth on a circular orbit:
//   dt [yr] = (mjd - 51544.5)/365.25 + 2000 - ref_epoch,   dec += dt pmdec,  ra += dt pmra / cos(dec)
//   direction += parallax (cos t, sin t cos eps, sin t sin eps),  t = 2 pi (mjd - 53084.28)/365.25, eps
//   = 23.44 deg
// A motion or a parallax that is not finite counts as 0.
SkyPosition position_at(double ra, double dec, const SkyMotion& motion, double mjd_tai);

// The model's position in an image of that time: itself, unless it has a motion.
SkyPosition position_at(const SourceModel& source, double mjd_tai);

}  // namespace brickline
