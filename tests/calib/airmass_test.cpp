// Airmasses against astropy's (AltAz without refraction).
#include "core/calib/airmass.h"

#include <gtest/gtest.h>

#include <cmath>

namespace brickline {
namespace {

CcdValues exposure(double ra, double dec, double mjd, double seconds) {
  CcdValues v;
  v.ra_bore = ra;
  v.dec_bore = dec;
  v.mjd_obs = mjd;
  v.exptime = seconds;
  return v;
}

TEST(Airmasses, AreTheSecantsOfTheZenithDistanceInTheMiddleOfTheExposure) {
  MetadataFacts tololo, kitt_peak;
  tololo.site_geocentric_m = {1814304, -5214366, -3187341};
  kitt_peak.site_geocentric_m = {-1994503, -5037539, 3358105};
  const double nowhere = CcdValues::kUnknown;
  const CcdValues one = exposure(150.1, 2.2, 58150.2, 90), two = exposure(150.1, 2.2, 57100.3, 100),
                  three = exposure(36.5, -4.5, 57000.1, 200);
  EXPECT_NEAR(airmass_of(one, tololo, nowhere, nowhere), 1.24227, 2e-4);
  EXPECT_NEAR(airmass_of(two, tololo, nowhere, nowhere), 2.73672, 1e-3);
  EXPECT_NEAR(airmass_of(three, tololo, nowhere, nowhere), 1.11730, 2e-4);
  EXPECT_NEAR(airmass_of(one, kitt_peak, nowhere, nowhere), 2.15628, 5e-4);
  EXPECT_NEAR(airmass_of(three, kitt_peak, nowhere, nowhere), 1.51667, 2e-4);
  // Of the CCD, where there is no boresight; no site, no airmass; half a day later it has set.
  const CcdValues lost = exposure(nowhere, nowhere, 58150.2, 90);
  EXPECT_NEAR(airmass_of(lost, tololo, 150.1, 2.2), 1.24227, 2e-4);
  EXPECT_TRUE(std::isnan(airmass_of(lost, tololo, nowhere, nowhere)));
  EXPECT_TRUE(std::isnan(airmass_of(one, MetadataFacts(), nowhere, nowhere)));
  // Of how long it lasted only those depend whose time is that of the start.
  const CcdValues unknown = exposure(150.1, 2.2, 58150.2 + 45. / 86400, nowhere);
  EXPECT_TRUE(std::isnan(airmass_of(unknown, tololo, nowhere, nowhere)));
  MetadataFacts in_the_middle = tololo;
  in_the_middle.time_reference = MetadataFacts::TimeReference::kMiddle;
  EXPECT_NEAR(airmass_of(unknown, in_the_middle, nowhere, nowhere), 1.24227, 2e-4);
  EXPECT_TRUE(std::isnan(airmass_of(exposure(150.1, 2.2, 58150.7, 90), tololo, nowhere, nowhere)));
}

TEST(Airmasses, AreTheHeadersWhereTheyCanBeUnlessTheFactsSayOtherwise) {
  using Policy = MetadataFacts::Airmass;
  MetadataFacts facts;
  facts.site_geocentric_m = {1814304, -5214366, -3187341};
  CcdValues v = exposure(150.1, 2.2, 58150.2, 90);
  v.airmass = 1.3;
  EXPECT_EQ(airmass_of(v, facts, 0, 0), 1.3);
  facts.airmass_policy = Policy::kComputed;
  EXPECT_NEAR(airmass_of(v, facts, 0, 0), 1.24227, 2e-4);
  facts.airmass_policy = Policy::kConstant;
  facts.airmass_constant = 1.1;
  EXPECT_EQ(airmass_of(v, facts, 0, 0), 1.1);
  for (const double none : {0., -3., CcdValues::kUnknown}) {
    v.airmass = none;
    facts.airmass_policy = Policy::kHeaderElseComputed;
    EXPECT_NEAR(airmass_of(v, facts, 0, 0), 1.24227, 2e-4);
    facts.airmass_policy = Policy::kHeader;
    EXPECT_TRUE(std::isnan(airmass_of(v, facts, 0, 0)));
  }
}

}  // namespace
}  // namespace brickline
