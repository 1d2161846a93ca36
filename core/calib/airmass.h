// The airmass of an exposure, as its camera's facts want it (metadata.airmass_policy).
#pragma once

#include "core/facts/camera_facts.h"

namespace brickline {

// The header's; or the secant of the zenith distance of the boresight in the middle of the exposure, seen from
// metadata.site_geocentric_m (no refraction, UT1 = UTC), where the facts say so or the header has none that can be: below
// 0.99, for headers are rounded.
// NaN: neither is known, or the boresight is below the horizon.
// Of `ccd` airmass, boresight, time and, where that is the start's, exposure time are looked at. ra, dec: degrees (ICRS), instead of a boresight that is not known.
double airmass_of(const CcdValues& ccd, const MetadataFacts& facts, double ra, double dec);

}  // namespace brickline
