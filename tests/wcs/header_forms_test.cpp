// What headers in the wild say, and what is made of it: the right sky, or an error that names the card.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <thread>

#include "core/base/error.h"
#include "core/wcs/polygon.h"
#include "core/wcs/projection_cards.h"
#include "core/wcs/sip_cards.h"
#include "core/wcs/sky.h"
#include "core/wcs/wcs.h"
#include "tests/wcs/cards.h"

namespace brickline {
namespace {

using test::header_of;
using test::plain_cards;
using test::without;
using testing::HasSubstr;

constexpr int kSize = 96;
constexpr double kScale = 7.27777777777778e-05;
const auto kCdless = without(plain_cards(), "CD");

std::vector<std::string> operator+(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return test::laid_over(a, b);
}

Wcs wcs_of(const std::vector<std::string>& cards) { return Wcs::from_header(header_of(cards), kSize, kSize); }

// The plain header's place for a pixel, or that of a header whose tangent plane is turned or mirrored.
Wcs plain_wcs(const CdMatrix& cd = {-kScale, 0, 0, kScale}) {
  return Wcs::tangent(150, 2, 47.5, 47.5, cd, kSize, kSize);
}

void expect_same(const Wcs& a, const Wcs& b, const std::string& what = "") {
  for (const auto& [x, y] : {std::pair{0.0, 0.0}, {95.0, 10.0}, {30.0, 90.0}}) {
    const SkyPosition s = a.pixel_to_sky(x, y), t = b.pixel_to_sky(x, y);
    EXPECT_LT(angular_separation(s.ra, s.dec, t.ra, t.dec) * 3600, 1e-7) << what;
    const auto p = a.sky_to_pixel(t.ra, t.dec);
    ASSERT_TRUE(p) << what;
    EXPECT_NEAR(p->x, x, 1e-6) << what;
    EXPECT_NEAR(p->y, y, 1e-6) << what;
  }
}

void expect_refused(const std::vector<std::string>& cards, const std::string& named) {
  try {
    wcs_of(cards);
    ADD_FAILURE() << "nothing said about " << named;
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_THAT(e.what(), HasSubstr(named));
  }
}

TEST(WcsNumbers, AreReadInEveryFormThatFitsKnows) {
  for (const char* value : {"1.5D+02", "1.5d2", "0.15E3", "150", "150.", "+150.0", "15.0e+01", "'150.0'"})
    expect_same(wcs_of(plain_cards({std::string("CRVAL1  = ") + value})), plain_wcs(), value);
  expect_same(wcs_of(plain_cards({"CD1_1   =  -7.27777777777778D-05", "CD2_2   =   727.777777777778d-7"})),
              plain_wcs());
}

TEST(WcsNumbers, WhatIsNoNumberIsNamed) {
  for (const char* key : {"CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CD1_1", "CD1_2", "CD2_1", "CD2_2",
                          "LONPOLE", "LATPOLE", "CDELT1", "A_ORDER"})
    for (const char* value : {"abc", "'abc'", "'  '", "150,0", "'150,0'", "NaN", "'NaN'", "inf", "0x10",
                              "1.5E", "--2", "T", "(1.0, 2.0)", "1E999", ""}) {
      SCOPED_TRACE(std::string(key) + " = " + value);
      std::string card = key;
      card.resize(8, ' ');
      expect_refused(plain_cards({card + "= " + value}), key);
    }
  // A card without its "= " holds no value.
  expect_refused(plain_cards({"CRVAL1  150.0"}), "CRVAL1");
  for (const char* key : {"PV1_1", "PV2_7", "A_2_0"})
    expect_refused(plain_cards({"A_ORDER =                    2", "B_ORDER =                    2",
                                fmt::format("{:<8}= 'none'", key)}),
                   key);
}

TEST(WcsNumbers, ACardThatStandsTwiceMustSayTheSame) {
  expect_same(wcs_of(plain_cards({"+CRVAL1  = 1.5D2"})), plain_wcs());
  expect_refused(plain_cards({"+CRVAL1  = 151.0"}), "CRVAL1");
  expect_refused(plain_cards({"+CD2_2   = 1E-4"}), "CD2_2");
}

TEST(WcsNumbers, WhatIsMissingIsNamed) {
  for (const char* key : {"CTYPE1", "CTYPE2", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"})
    expect_refused(without(plain_cards(), key), key);
}

TEST(WcsMatrix, EveryDialectIsRead) {
  const std::vector<std::string> cdelt = {"CDELT1  =  7.27777777777778E-05",
                                          "CDELT2  =  7.27777777777778E-05"};
  const Wcs mirrored = plain_wcs({-kScale, 0, 0, kScale}), straight = plain_wcs({kScale, 0, 0, kScale});
  expect_same(wcs_of(kCdless + cdelt), straight);
  expect_same(wcs_of(kCdless + cdelt + std::vector<std::string>{"PC1_1   = -1.0"}), mirrored);
  expect_same(
      wcs_of(kCdless + cdelt +
             std::vector<std::string>{"PC001001= -1.0", "PC001002= 0.0", "PC002001= 0.0", "PC002002= 1.0"}),
      mirrored);
  expect_same(wcs_of(kCdless + std::vector<std::string>{"PC1_1   = -7.27777777777778E-05",
                                                        "PC2_2   =  7.27777777777778E-05"}),
              mirrored);
  expect_same(wcs_of(kCdless + std::vector<std::string>{"CD001001= -7.27777777777778E-05",
                                                        "CD002002=  7.27777777777778E-05"}),
              mirrored);
  // x = CDELT1 (u cos - v CDELT2 / CDELT1 sin).
  const double c = std::cos(M_PI / 6), s = std::sin(M_PI / 6);
  expect_same(wcs_of(kCdless + std::vector<std::string>{"CDELT1  = -7.27777777777778E-05",
                                                        "CDELT2  =  7.27777777777778E-05", "CROTA2  = 30.0"}),
              plain_wcs({-kScale * c, -kScale * s, -kScale * s, kScale * c}));
}

TEST(WcsMatrix, CdGoesBeforeWhatIsLeftOfOlderForms) {
  expect_same(wcs_of(plain_cards({"CDELT1  = 1.0", "CDELT2  = 1.0"})), plain_wcs());
  expect_same(wcs_of(plain_cards({"PC1_1   = 1.0", "PC1_2   = 0.5", "PC2_1   = 0.1", "PC2_2   = 1.0",
                                  "CDELT1  = 7E-5", "CDELT2  = 7E-5", "CROTA2  = 45.0"})),
              plain_wcs());
  expect_same(wcs_of(plain_cards({"PC001001= 1.0", "PC002002= 1.0"})), plain_wcs());
  // An element that is missing beside others is zero.
  expect_same(wcs_of(without(without(plain_cards(), "CD1_2"), "CD2_1")), plain_wcs());
}

TEST(WcsMatrix, WhatGivesNoScaleIsRefused) {
  expect_refused(kCdless, "CDELT1");
  expect_refused(kCdless + std::vector<std::string>{"CROTA2  = 30.0"}, "CDELT1");
  expect_refused(kCdless + std::vector<std::string>{"CDELT1  = 7E-5"}, "CDELT2");
  expect_refused(kCdless + std::vector<std::string>{"CDELT1  = 1.0", "CDELT2  = 1.0"}, "CDELT");
  expect_refused(kCdless + std::vector<std::string>{"PC1_1   = 1.0", "PC2_2   = 1.0"}, "PC");
  expect_refused(kCdless + std::vector<std::string>{"CDELT1  = 0.0", "CDELT2  = 7E-5"}, "CDELT");
  expect_refused(plain_cards({"CD1_1   = 0.0"}), "CD");
  expect_refused(plain_cards({"CD1_1   = 7E-5", "CD1_2   = 7E-5", "CD2_1   = 7E-5", "CD2_2   = 7E-5"}), "CD");
  expect_refused(kCdless + std::vector<std::string>{"CDELT1  = 7E-5", "CDELT2  = 7E-5", "CROTA1  = 30.0"},
                 "CROTA1");
  expect_refused(kCdless + std::vector<std::string>{"CDELT1  = 7E-5", "CDELT2  = 7E-5", "PC1_1   = 1.0",
                                                    "PC001001= -1.0"},
                 "PC001001");
  expect_refused(plain_cards({"CD1_3   = 1E-5"}), "CD1_3");
  expect_same(wcs_of(plain_cards({"CD1_3   = 0.0", "CD3_3   = 1.0"})), plain_wcs());
}

TEST(WcsMatrix, UnitsAreReadHoweverTheyAreSpelled) {
  for (const char* unit : {"deg", "DEG", "Deg     ", "degree", "degrees", "DEGREES", " "})
    expect_same(
        wcs_of(plain_cards({fmt::format("CUNIT1  = '{}'", unit), fmt::format("CUNIT2  = '{}'", unit)})),
        plain_wcs(), unit);
  for (const char* unit : {"arcsec", "arcsecs", "ARCSEC", "arcsecond", "arcseconds"})
    expect_same(wcs_of(plain_cards({fmt::format("CUNIT1  = '{}'", unit), "CRVAL1  = 540000.0",
                                    "CD1_1   = -0.262000000000000"})),
                plain_wcs(), unit);
  expect_same(wcs_of(plain_cards(
                  {"CUNIT2  = 'rad'", "CRVAL2  = 3.490658503988659E-02", "CD2_2   = 1.270211844507D-06"})),
              plain_wcs({-kScale, 0, 0, 1.270211844507e-06 * 180 / M_PI}));
  for (const char* unit : {"pixel", "hour", "h", "m", "grad", "km/s"})
    expect_refused(plain_cards({fmt::format("CUNIT1  = '{}'", unit)}), "CUNIT1");
}

TEST(WcsProjection, OthersAreRefusedByName) {
  for (const char* code : {"SIN", "STG", "ARC", "ZPN", "ZPX", "ZEA", "CAR", "TPU", "TAB", "HPX", "DSS"})
    expect_refused(
        plain_cards({fmt::format("CTYPE1  = 'RA---{}'", code), fmt::format("CTYPE2  = 'DEC--{}'", code)}),
        fmt::format("RA---{}", code));
  for (const char* suffix : {"TAN-TPD", "TAN-DSS", "TPV-SIP", "TNX-SIP"})
    expect_refused(
        plain_cards({fmt::format("CTYPE1  = 'RA---{}'", suffix), fmt::format("CTYPE2  = 'DEC--{}'", suffix)}),
        suffix);
  expect_refused(plain_cards({"CTYPE1  = 'GLON-TAN'", "CTYPE2  = 'GLAT-TAN'"}), "GLON");
  expect_refused(plain_cards({"CTYPE1  = 'RA      '", "CTYPE2  = 'DEC     '"}), "RA");
  expect_refused(plain_cards({"CTYPE2  = 'DEC--TPV'"}), "DEC--TPV");
  expect_refused(plain_cards({"CTYPE1  = 'DEC--TAN'"}), "DEC--TAN");
  expect_refused(plain_cards({"CTYPE1  = 'LINEAR'"}), "LINEAR");
  expect_refused(plain_cards({"CTYPE1  = 12"}), "12");
}

TEST(WcsProjection, DeclinationMayStandFirst) {
  const std::vector<std::string> swapped = {"CTYPE1  = 'DEC--TAN'",
                                            "CTYPE2  = 'RA---TAN'",
                                            "CRVAL1  = 2.0",
                                            "CRVAL2  = 150.0",
                                            "CD1_1   = 0.0",
                                            "CD1_2   = 7.27777777777778E-05",
                                            "CD2_1   = -7.27777777777778E-05",
                                            "CD2_2   = 0.0"};
  expect_same(wcs_of(plain_cards(swapped)), plain_wcs());
}

TEST(WcsProjection, OtherFramesAreRefusedByName) {
  for (const char* card : {"RADESYS = 'FK4'", "RADESYS = 'FK4-NO-E'", "RADESYS = 'GAPPT'", "RADECSYS= 'FK4'",
                           "RADESYS = 'GALACTIC'"})
    expect_refused(plain_cards({card}), std::string(card, 5));
  expect_refused(plain_cards({"EQUINOX = 1950.0"}), "EQUINOX");
  expect_refused(plain_cards({"EQUINOX = 'B1950'"}), "EQUINOX");
  expect_refused(plain_cards({"EQUINOX = 1950.0", "RADESYS = 'ICRS'"}), "EQUINOX");
  expect_refused(plain_cards({"EQUINOX = 2015.5", "RADESYS = 'FK5'"}), "EQUINOX");
  expect_refused(plain_cards({"EPOCH   = 1950.0"}), "EPOCH");
  for (const std::vector<std::string>& cards : {std::vector<std::string>{"RADESYS = 'ICRS'"},
                                                {"RADESYS = 'FK5'", "EQUINOX = 2000"},
                                                {"EQUINOX = 'J2000'"},
                                                {"EQUINOX = '2000.0'"},
                                                {"RADECSYS= 'FK5     '"},
                                                {"RADESYS = 'ICRS'", "EQUINOX = 2015.5"},
                                                {"EPOCH   = 2015.5"},
                                                {"EQUINOX = 2000.0", "EPOCH   = 1950.0"},
                                                {"RADESYS = '        '"}})
    expect_same(wcs_of(plain_cards(cards)), plain_wcs(), cards[0]);
}

TEST(WcsProjection, AFrameOfThePrimaryHeaderCountsWhereTheImageSaysNothing) {
  const auto inherited = [](const std::vector<std::string>& image, const std::vector<std::string>& primary) {
    refuse_inherited_frame(header_of(plain_cards(image)), header_of(primary));
  };
  for (const char* card :
       {"RADESYS = 'FK4'", "RADECSYS= 'FK4-NO-E'", "EQUINOX = 1950.0", "EQUINOX = 'B1950'"}) {
    EXPECT_THROW(inherited({}, {card}), Error) << card;
    EXPECT_NO_THROW(inherited({"RADESYS = 'ICRS'"}, {card})) << card;
  }
  for (const char* card : {"RADESYS = 'FK5'", "EQUINOX = 2000.0", "EQUINOX = 2015.5", "EQUINOX = 'J2000'",
                           "EQUINOX = 0.0", "EPOCH   = 1950.0", "OBJECT  = 'x'"})
    EXPECT_NO_THROW(inherited({}, {card})) << card;
}

TEST(WcsProjection, OtherDistortionsAreRefusedByName) {
  for (const char* card :
       {"CPDIS1  = 'Lookup'", "CPDIS2  = 'TPD'", "CQDIS1  = 'TPV'", "CQDIS2  = 'Polynomial'",
        "DP1     = 'NAXES: 2'", "DP2     = 'EXTVER: 1'", "DQ1     = 'TPD.FWD.1: 1.0'", "DQ2     = 'NAXES: 2'",
        "D2IMDIS1= 'Lookup'", "AXISCORR= 1", "AMDX1   = 67.2", "AMDY3   = 1.0", "LONGPOLE= 170.0"}) {
    std::string key(card, 8);
    key.erase(key.find_last_not_of(" =") + 1);
    expect_refused(plain_cards({card}), key);
  }
  // Neighbours that are something else.
  expect_same(
      wcs_of(plain_cards({"DQMASK  = 'f.fits'", "DQSKFRC = 0.9", "DPTHADU1= 4.0", "CPERR1  = 0.1",
                          "D2IMERR1= 0.1", "LONGPOLE= 180.0", "CPDIS1  = ' '", "PCOUNT  = 0", "PCIFILE = 'x'",
                          "A_DMAX  = 1.0", "LTV1    = -1.0", "WAT1_001= 'wtype=tan axtype=ra'",
                          "CTYPE1A = 'RA---SIN'", "PV1_5A  = 3.0", "CD1_1A  = 1.0"})),
      plain_wcs());
}

TEST(WcsPole, LonpoleTurnsTheSkyAboutTheTangentPoint) {
  expect_same(wcs_of(plain_cards({"LONPOLE = 180.0", "LATPOLE = 2.0"})), plain_wcs());
  expect_same(wcs_of(plain_cards({"LONPOLE = -180.0"})), plain_wcs());
  expect_same(wcs_of(plain_cards({"LONPOLE = 0.0"})), plain_wcs({kScale, 0, 0, -kScale}));
  // Of a tangent point at the north pole the default is 0, not 180.
  const std::vector<std::string> pole = {"CRVAL1  = 0.0", "CRVAL2  = 90.0"};
  const CdMatrix cd = {-kScale, 0, 0, kScale}, turned = {kScale, 0, 0, -kScale};
  const auto at = [](double ra, double dec, const CdMatrix& m) {
    return Wcs::tangent(ra, dec, 47.5, 47.5, m, kSize, kSize);
  };
  expect_same(wcs_of(plain_cards(pole)), at(0, 90, turned));
  expect_same(wcs_of(plain_cards(pole + std::vector<std::string>{"LONPOLE = 180.0"})), at(0, 90, cd));
  expect_same(wcs_of(plain_cards({"CRVAL2  = -90.0"})), at(150, -90, cd));
  expect_refused(plain_cards({"CRVAL2  = 90.5"}), "CRVAL2");
  expect_refused(plain_cards({"CRVAL2  = -1000.0"}), "CRVAL2");
}

TEST(WcsPole, CardsWrittenAtAPoleReadBackAsTheSameSky) {
  for (const double dec : {90.0, -90.0, 89.99999, 2.0}) {
    const Wcs wcs = Wcs::tangent(30, dec, 47.5, 47.5, {-kScale, 1e-7, 2e-7, kScale}, kSize, kSize);
    expect_same(Wcs::from_header(wcs.to_header(), kSize, kSize), wcs);
    EXPECT_EQ(wcs.to_header().has("LONPOLE"), std::abs(dec) == 90);
    const fits::Header sip = sip_cards(wcs, {0, kSize, 0, kSize});
    expect_same(Wcs::from_header(sip, kSize, kSize), wcs);
    EXPECT_EQ(sip.has("LONPOLE"), std::abs(dec) == 90);
  }
}

TEST(WcsPole, AnOffsetNearAPoleShiftsTheImageWithoutTurningIt) {
  for (const double dec : {90.0, 89.99999, 89.5, -89.99, -90.0}) {
    const Wcs before = Wcs::tangent(30, dec, 47.5, 47.5, {-kScale, 1e-7, 2e-7, kScale}, kSize, kSize);
    const double east = 0.3 / 3600, north = -0.4 / 3600;
    const Wcs after = before.with_offset(east, north);
    // Every pixel moves by the same way on the tangent plane.
    for (const auto& [x, y] : {std::pair{47.5, 47.5}, {0.0, 0.0}, {95.0, 0.0}, {20.0, 95.0}}) {
      const SkyPosition s = after.pixel_to_sky(x, y);
      const auto p = before.sky_to_pixel(s.ra, s.dec);
      ASSERT_TRUE(p);
      const double u = p->x - x, v = p->y - y;
      EXPECT_NEAR((-kScale * u + 1e-7 * v) * 3600, 0.3, 1e-6) << dec;
      EXPECT_NEAR((2e-7 * u + kScale * v) * 3600, -0.4, 1e-6) << dec;
    }
  }
}

TEST(WcsSip, OrdersWithoutTermsArePlain) {
  for (const char* suffix : {"", "-SIP"})
    for (const auto& more : {std::vector<std::string>{}, {"A_0_2   = 0.0"}}) {
      const Wcs wcs =
          wcs_of(plain_cards({fmt::format("CTYPE1  = 'RA---TAN{}'", suffix),
                              fmt::format("CTYPE2  = 'DEC--TAN{}'", suffix), "A_ORDER =                    2",
                              "B_ORDER =                    2"}) +
                 more);
      expect_same(wcs, plain_wcs());
      EXPECT_EQ(wcs.is_plain_tangent(), more.empty());
    }
  expect_same(wcs_of(plain_cards({"CTYPE1  = 'RA---TAN-SIP'", "CTYPE2  = 'DEC--TAN-SIP'"})), plain_wcs());
  expect_same(wcs_of(plain_cards({"CTYPE1  = 'RA---TAN-SIP'", "CTYPE2  = 'DEC--TAN-SIP'", "AP_ORDER= 3",
                                  "BP_ORDER= 3", "AP_1_1  = 0.5", "A_ORDER = 0", "B_ORDER = 0"})),
              plain_wcs());
}

TEST(WcsSip, TermsAndOrdersMustAgree) {
  const auto sip = [](const std::vector<std::string>& more) {
    return plain_cards({"CTYPE1  = 'RA---TAN-SIP'", "CTYPE2  = 'DEC--TAN-SIP'"}) + more;
  };
  expect_refused(sip({"A_2_0   = 1E-5"}), "A_2_0");
  expect_refused(sip({"A_ORDER = 2", "B_ORDER = 2", "B_3_0   = 1E-7"}), "B_3_0");
  expect_refused(sip({"A_ORDER = 2", "A_2_0   = 1E-5"}), "B_ORDER");
  expect_refused(sip({"A_ORDER = 12", "B_ORDER = 2"}), "A_ORDER");
  expect_refused(sip({"A_ORDER = -1", "B_ORDER = 2"}), "A_ORDER");
  expect_refused(sip({"A_ORDER = 2.5", "B_ORDER = 2"}), "A_ORDER");
  expect_refused(sip({"A_ORDER = 2", "B_ORDER = 2", "A_02_0  = 1E-7"}), "A_02_0");
  // u + 1e-4 u^2, one pixel from CRPIX per side.
  const Wcs wcs = wcs_of(sip({"A_ORDER = 2", "B_ORDER = 2.0", "A_2_0   = 1D-4", "B_3_0   = 0.0"}));
  const SkyPosition s = wcs.pixel_to_sky(47.5 + 40, 47.5),
                    t = plain_wcs().pixel_to_sky(47.5 + 40 + 0.16, 47.5);
  EXPECT_LT(angular_separation(s.ra, s.dec, t.ra, t.dec) * 3600, 1e-7);
}

TEST(WcsPv, ParametersOfTheProjectionAreNoDistortion) {
  // What the standard gives the longitude axis of a tangent projection, and what it gives the latitude axis
  // of others.
  expect_same(wcs_of(plain_cards({"PV1_1   = 0.0", "PV1_2   = 90.0", "PV1_3   = 180.0", "PV1_4   = 2.0"})),
              plain_wcs());
  expect_same(wcs_of(plain_cards({"PV1_3   = 0.0"})), plain_wcs({kScale, 0, 0, -kScale}));
  expect_same(wcs_of(plain_cards({"PV2_1   = 45.0"})), plain_wcs());
  expect_same(wcs_of(plain_cards({"PV2_1   = 1.0"})), plain_wcs());
  expect_same(wcs_of(plain_cards({"PV2_1   = 0.0", "PV2_3   = 42.0"})), plain_wcs());
  expect_refused(plain_cards({"PV1_2   = 45.0"}), "PV1_2");
  expect_refused(plain_cards({"PV1_0   = 1.0", "PV1_1   = 10.0", "PV1_2   = 60.0"}), "PV1_0");
  expect_refused(plain_cards({"PV1_1   = 1.0001"}), "PV");
  expect_refused(plain_cards({"PV2_1   = 1.0001"}), "PV");
  expect_refused(plain_cards({"PV1_41  = 1.0"}), "PV1_41");
  expect_refused(plain_cards({"CTYPE1  = 'RA---TPV'", "CTYPE2  = 'DEC--TPV'", "PV2_40  = 0.0"}), "PV2_40");
  expect_refused(plain_cards({"PV1_07  = 1.0"}), "PV1_07");
}

TEST(WcsPv, ScampsTanIsTpv) {
  for (const std::vector<std::string>& terms :
       {std::vector<std::string>{"PV1_1   = 1.001", "PV1_2   = 1E-3", "PV2_0   = 1E-4", "PV2_1   = 0.999"},
        {"PV1_7   = 1.0"},
        {"PV2_5   = 1.0D-2", "PV1_0   = 1E-5"}}) {
    const Wcs tan = wcs_of(plain_cards(terms));
    const Wcs tpv = wcs_of(plain_cards({"CTYPE1  = 'RA---TPV'", "CTYPE2  = 'DEC--TPV'"}) + terms);
    expect_same(tan, tpv, terms[0]);
    EXPECT_FALSE(tan.is_plain_tangent());
  }
}

TEST(WcsPv, BesideSipTheyAreLeftovers) {
  const std::vector<std::string> sip = {"CTYPE1  = 'RA---TAN-SIP'", "CTYPE2  = 'DEC--TAN-SIP'", "A_ORDER = 2",
                                        "B_ORDER = 2", "A_2_0   = 1E-4"};
  const Wcs wcs = wcs_of(plain_cards(sip));
  expect_same(wcs_of(plain_cards(sip) + std::vector<std::string>{"PV1_1   = 1.01", "PV1_7   = 0.3",
                                                                 "PV2_11  = 2.0", "PV2_1   = 1.0"}),
              wcs);
  expect_same(wcs_of(plain_cards(sip) + std::vector<std::string>{"PV1_1   = 0.0", "PV1_2   = 90.0"}), wcs);
  expect_refused(plain_cards(sip) + std::vector<std::string>{"PV1_3   = 170.0"}, "PV1_3");
  expect_refused(plain_cards({"CTYPE1  = 'RA---TPV'", "CTYPE2  = 'DEC--TPV'", "A_ORDER = 2", "B_ORDER = 2",
                              "A_2_0   = 1E-4"}),
                 "SIP");
}

// Cards of 68 characters each.
std::vector<std::string> wat(int axis, const std::string& text) {
  std::vector<std::string> cards;
  for (std::size_t at = 0; at < text.size(); at += 68)
    cards.push_back(fmt::format("WAT{}_{:03d}= '{:<68}'", axis, at / 68 + 1, text.substr(at, 68)));
  return cards;
}
const std::vector<std::string> kTnx = {"CTYPE1  = 'RA---TNX'", "CTYPE2  = 'DEC--TNX'",
                                       "WAT0_001= 'system=image'"};
std::vector<std::string> tnx(const std::string& lngcor, const std::string& latcor) {
  return plain_cards(kTnx) + wat(1, fmt::format("wtype=tnx axtype=ra lngcor = \"{}\"", lngcor)) +
         wat(2, fmt::format("wtype=tnx axtype=dec latcor = \"{}\"", latcor));
}

// Where the plain header's pixel goes under corrections in degrees.
void expect_tnx(const std::vector<std::string>& cards, double (*lngcor)(double, double),
                double (*latcor)(double, double)) {
  const Wcs wcs = wcs_of(cards), plane = Wcs::tangent(150, 2, 0, 0, {1, 0, 0, 1}, 1, 1);
  for (const auto& [x, y] : {std::pair{0.0, 0.0}, {95.0, 10.0}, {30.0, 90.0}}) {
    const double xi = -kScale * (x - 47.5), eta = kScale * (y - 47.5);
    const SkyPosition expected = plane.pixel_to_sky(xi + lngcor(xi, eta), eta + latcor(xi, eta));
    const SkyPosition s = wcs.pixel_to_sky(x, y);
    EXPECT_LT(angular_separation(s.ra, s.dec, expected.ra, expected.dec) * 3600, 1e-7);
    const auto p = wcs.sky_to_pixel(expected.ra, expected.dec);
    ASSERT_TRUE(p);
    EXPECT_NEAR(p->x, x, 1e-6);
    EXPECT_NEAR(p->y, y, 1e-6);
  }
}

TEST(WcsTnx, PowersAreApplied) {
  // Half cross terms of orders 3 and 2: 1, x, x^2, y, xy. Zeros among them keep their places.
  expect_tnx(
      tnx("3. 3. 2. 2. -0.01 0.01 -0.01 0.01 1.5E-3 0. 2.0D0 -0.01 0.",
          "3. 2. 2. 1. -1 1 -1 1 -1E-3 0.02 0. 5."),
      [](double x, double y) { return 1.5e-3 + 2 * x * x - 0.01 * y; },
      [](double x, double y) { return -1e-3 + 0.02 * x + 5 * x * y; });
  // No cross terms: 1, x, x^2, y; a number too many is no harm where it is zero.
  expect_tnx(
      tnx("3. 3. 2. 0. -1 1 -1 1 1E-3 0.01 2. -0.02 0. 0.", "3. 1. 1. 2. -1 1 -1 1 0.0"),
      [](double x, double y) { return 1e-3 + 0.01 * x + 2 * x * x - 0.02 * y; },
      [](double, double) { return 0.0; });
}

TEST(WcsTnx, ChebyshevAndLegendreAreScaledToTheirRange) {
  // t = (2 x - 0.02) / 0.06 over [-0.02, 0.04] in x, s = y / 0.05 in y; T2 = 2 t^2 - 1, P2 = (3 t^2 - 1) / 2.
  expect_tnx(
      tnx("1. 3. 1. 1. -0.02 0.04 -0.05 0.05 0. 0. 1E-3",
          "2. 3. 2. 2. -0.02 0.04 -0.05 0.05 0. 1E-4 1E-3 2E-3 3E-3"),
      [](double x, double) {
        const double t = (2 * x - 0.02) / 0.06;
        return 1e-3 * (2 * t * t - 1);
      },
      [](double x, double y) {
        const double t = (2 * x - 0.02) / 0.06, s = y / 0.05;
        return 1e-4 * t + 1e-3 * (1.5 * t * t - 0.5) + 2e-3 * s + 3e-3 * s * t;
      });
}

TEST(WcsTnx, ABlankAtTheEndOfACardPartsTwoNumbers) {
  std::vector<std::string> cards = plain_cards(kTnx);
  std::string first = "wtype=tnx axtype=ra lngcor = \"3. 2. 2. 2. -0.01 0.01 -0.01 0.01 1.5E-3";
  ASSERT_LT(first.size(), 72u);
  // Written in two cards that are shorter than they might be.
  first = "wtype=tnx axtype=ra lngcor = \"3. 2. 2. 2. -0.01 0.01 -0.01 0.01";
  cards = cards + std::vector<std::string>{"WAT1_001= '" + first + "'", "WAT1_002= '1.5E-3 0.02 0. \"'"} +
          wat(2, "wtype=tnx axtype=dec");
  expect_tnx(
      cards, [](double x, double) { return 1.5e-3 + 0.02 * x; }, [](double, double) { return 0.0; });
}

TEST(WcsTnx, WhatDoesNotFollowTheConventionIsRefused) {
  const std::string good = "3. 2. 2. 2. -1 1 -1 1 0. 0. 0.";
  const auto bad = [&](const std::string& surface) { return tnx(surface, good); };
  EXPECT_NO_THROW(wcs_of(bad(good)));
  for (const char* surface :
       {"", "4. 2. 2. 2. -1 1 -1 1 0. 0. 0.", "3. 2. 2. 3. -1 1 -1 1 0. 0. 0.",
        "3. 0. 2. 2. -1 1 -1 1 0. 0. 0.", "3. 99. 2. 2. -1 1 -1 1 0. 0. 0.",
        "3. 2.5 2. 2. -1 1 -1 1 0. 0. 0.", "3. 2. 2. 2. -1 1 -1 1 0. 0.", "3. 2. 2. 2. -1 1 -1 1 0. 0. 0. 7.",
        "3. 2. 2. 2. -1 1 -1 1 0. abc 0.", "3. 2. 2. 2. -1 1 -1 1 0. 1,5 0.", "1. 2. 2. 2. 1 1 -1 1 0. 0. 0.",
        "2. 2. 2. 2. -1 1 1 -1 0. 0. 0.", "nan 2. 2. 2. -1 1 -1 1 0. 0. 0.",
        "3. 2. 2. 2. -1 1 -1 1 0. inf 0."})
    expect_refused(bad(surface), "WAT1");
  expect_refused(plain_cards(kTnx), "WAT1_001");
  expect_refused(plain_cards(kTnx) + wat(1, "wtype=tnx axtype=ra lngcor = \"" + good + "\""), "WAT2_001");
  expect_refused(plain_cards(kTnx) + wat(1, "wtype=tan axtype=ra") + wat(2, "wtype=tan axtype=dec"),
                 "wtype=tan");
  expect_refused(plain_cards(kTnx) + wat(1, "wtype=tnx lngcor = \"" + good) + wat(2, "wtype=tnx"), "WAT1");
  expect_refused(
      without(
          tnx(good + " 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0.", good),
          "WAT1_001"),
      "WAT1_001");
  // Under another name.
  std::vector<std::string> tan = tnx(good, good);
  tan = tan + std::vector<std::string>{"CTYPE1  = 'RA---TAN'", "CTYPE2  = 'DEC--TAN'"};
  expect_refused(tan, "WAT1_001");
  expect_refused(tnx(good, good) + std::vector<std::string>{"PV1_7   = 0.1"}, "PV1_7");
}

TEST(WcsThreads, ReadHeadersAtTheSameTime) {
  const std::vector<fits::Header> headers = {
      header_of(plain_cards({"CUNIT1  = 'arcsec'", "CRVAL1  = 540000.0", "CD1_1   = -0.262000000000000"})),
      header_of(plain_cards({"CUNIT1  = 'degrees'"})), header_of(plain_cards({"PV2_1   = 45.0"})),
      header_of(plain_cards({"LONPOLE = 180.0"}))};
  std::array<int, 4> wrong{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&, t] {
      const SkyPosition expected = plain_wcs().pixel_to_sky(10, 90);
      for (std::size_t i = 0; i < 300; ++i) {
        const SkyPosition s =
            Wcs::from_header(headers[(i + t) % headers.size()], kSize, kSize).pixel_to_sky(10, 90);
        if (angular_separation(s.ra, s.dec, expected.ra, expected.dec) * 3600 > 1e-7) ++wrong[t];
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, (std::array<int, 4>{}));
}

TEST(WcsDistortion, ThatFoldsTheImageIsRefused) {
  const std::vector<std::string> sip = {"CTYPE1  = 'RA---TAN-SIP'", "CTYPE2  = 'DEC--TAN-SIP'", "A_ORDER = 2",
                                        "B_ORDER = 2"};
  expect_refused(plain_cards(sip) + std::vector<std::string>{"A_2_0   = 0.02"}, "folds");
  expect_refused(plain_cards(sip) + std::vector<std::string>{"A_1_0   = -1.0"}, "folds");
  expect_refused(plain_cards({"CTYPE1  = 'RA---TPV'", "CTYPE2  = 'DEC--TPV'", "PV1_1   = 0.0"}), "folds");
}

TEST(WcsDistortion, MayTurnTheImageOver) {
  const std::vector<std::string> tpv = {"CTYPE1  = 'RA---TPV'", "CTYPE2  = 'DEC--TPV'", "PV1_1   = -1.0"};
  expect_same(wcs_of(plain_cards(tpv)), plain_wcs({kScale, 0, 0, kScale}));
}

TEST(WcsDistortion, WithoutInverseFarOffTheImageLosesNoExtent) {
  // u + 2e-4 u^2 has no inverse left of u = -2500; the sky there ends at 1250 pixels.
  const Wcs wcs = wcs_of(plain_cards({"CTYPE1  = 'RA---TAN-SIP'", "CTYPE2  = 'DEC--TAN-SIP'", "A_ORDER = 2",
                                      "B_ORDER = 2", "A_2_0   = 2E-4"}));
  const Wcs plain = plain_wcs();
  const auto square = [&](double x0, double x1, double y0, double y1) {
    std::vector<SkyPosition> corners;
    for (const PixelPosition p : {PixelPosition{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}})
      corners.push_back(plain.pixel_to_sky(p.x, p.y));
    return corners;
  };
  for (const double size : {100.0, 600.0, 1240.0, 1300.0, 5000.0, 20000.0})
    EXPECT_EQ(extent_of_sky_polygon(wcs, square(47 - size, 47 + size, 47 - size, 47 + size)),
              (Box{0, 96, 0, 96}))
        << size;
  // One that covers a part: as far as the plain header's pixel 60 is under the distortion, 12.5 = u + 2e-4
  // u^2.
  const double u = (std::sqrt(1 + 4 * 2e-4 * 12.5) - 1) / (2 * 2e-4);
  const Box part = extent_of_sky_polygon(wcs, square(-20000, 60, 20.4, 20000));
  EXPECT_EQ(part, (Box{0, static_cast<int>(std::ceil(47.5 + u)) + 1, 20, 96}));
  EXPECT_EQ(extent_of_sky_polygon(wcs, square(-200, 60, 20.4, 200)), part);
  // And one beside the image.
  EXPECT_TRUE(extent_of_sky_polygon(wcs, square(-20000, -50, -2000, 2000)).empty());
  EXPECT_TRUE(extent_of_sky_polygon(wcs, square(200, 20000, -2000, 2000)).empty());
  // A cubic folds back over the sky of the image's other side: what lies beyond the fold does not count.
  const Wcs cubic = wcs_of(plain_cards({"CTYPE1  = 'RA---TAN-SIP'", "CTYPE2  = 'DEC--TAN-SIP'", "A_ORDER = 3",
                                        "B_ORDER = 3", "A_3_0   = -1E-6"}));
  for (const double x : {-380.0, 420.0, 600.0, -600.0, 2000.0, -2000.0}) {
    const SkyPosition s = plain.pixel_to_sky(47.5 + x, 47.5);
    EXPECT_FALSE(cubic.sky_to_pixel(s.ra, s.dec) && std::abs(x) > 385) << x;
  }
  EXPECT_EQ(extent_of_sky_polygon(cubic, square(-2000, 2000, -2000, 2000)), (Box{0, 96, 0, 96}));
  // Every pixel of the image has its inverse all the same.
  for (const double x : {0.0, 50.0, 95.0}) {
    const SkyPosition s = wcs.pixel_to_sky(x, 3);
    EXPECT_NEAR(wcs.sky_to_pixel(s.ra, s.dec).value().x, x, 1e-7);
  }
}

}  // namespace
}  // namespace brickline
