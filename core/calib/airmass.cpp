#include "core/calib/airmass.h"

#include <erfa.h>

#include <cmath>
#include <numbers>

namespace brickline {
namespace {

constexpr double kLeast = 0.99;  // headers are rounded
constexpr double kJulianOfMjd = 2400000.5, kSecondsPerDay = 86400;

double computed(const CcdValues& ccd, const MetadataFacts& facts, double ra, double dec) {
  if (std::isfinite(ccd.ra_bore) && std::isfinite(ccd.dec_bore)) {
    ra = ccd.ra_bore;
    dec = ccd.dec_bore;
  }
  const bool at_start = facts.time_reference == MetadataFacts::TimeReference::kStart;
  const double middle = ccd.mjd_obs + (at_start ? ccd.exptime / 2 / kSecondsPerDay : 0);
  if (!facts.site_geocentric_m || !std::isfinite(ra + dec + middle)) return CcdValues::kUnknown;
  double site[3], longitude = 0, latitude = 0, height = 0;
  for (int i = 0; i < 3; ++i) site[i] = (*facts.site_geocentric_m)[static_cast<std::size_t>(i)];
  constexpr int kWgs84 = 1;
  if (eraGc2gd(kWgs84, site, &longitude, &latitude, &height) != 0) return CcdValues::kUnknown;
  constexpr double kRadian = std::numbers::pi / 180, kAnyWavelength = 0.55;
  double azimuth = 0, zenith_distance = 0, hour_angle = 0, observed_dec = 0, observed_ra = 0, origins = 0;
  const int status = eraAtco13(ra * kRadian, dec * kRadian, 0, 0, 0, 0, kJulianOfMjd, middle, 0, longitude,
                               latitude, height, 0, 0, 0, 0, 0, kAnyWavelength, &azimuth, &zenith_distance,
                               &hour_angle, &observed_dec, &observed_ra, &origins);
  const double cosine = std::cos(zenith_distance);
  return status < 0 || !(cosine > 0) ? CcdValues::kUnknown : 1 / cosine;
}

}  // namespace

double airmass_of(const CcdValues& ccd, const MetadataFacts& facts, double ra, double dec) {
  using Policy = MetadataFacts::Airmass;
  const double header = ccd.airmass >= kLeast ? ccd.airmass : CcdValues::kUnknown;
  switch (facts.airmass_policy) {
    case Policy::kConstant:
      return facts.airmass_constant;
    case Policy::kHeader:
      return header;
    case Policy::kHeaderElseComputed:
      return std::isnan(header) ? computed(ccd, facts, ra, dec) : header;
    case Policy::kComputed:
      break;
  }
  const double airmass = computed(ccd, facts, ra, dec);
  return std::isnan(airmass) ? header : airmass;
}

}  // namespace brickline
