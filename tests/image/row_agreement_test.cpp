#include "core/image/row_agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/base/error.h"
#include "core/facts/camera_facts.h"
#include "core/image/ccd_image.h"
#include "tests/support/collecting_log.h"
#include "tests/support/golden_case.h"

namespace brickline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class OneHeader : public CcdHeaders {
 public:
  OneHeader() {
    cards.set("INSTRUME", "DECam");
    cards.set("FILTER", "g DECam SDSS c0001 4720.0 1520.0");
    cards.set("EXPNUM", 780123);
    cards.set("EXPTIME", 100.0);
    cards.set("MJD-OBS", 58369.003);
    cards.set("FWHM", 4.46);
  }
  const fits::Header* header(HeaderOf) override { return &cards; }
  fits::Header cards;
};

// What DECam says of its headers and zero points, and a row that agrees with all of it.
class RowAgreement : public ::testing::Test {
 protected:
  RowAgreement() {
    row.band = "g";
    row.expnum = 780123;
    row.exptime = 100;
    row.mjd_obs = 58369.003;
    row.psf_fwhm = 4.46;
    row.ccdzpt = 25.15;
    table.add("zpt", std::vector<float>{25.14F});
  }
  std::vector<std::string> found(double ra_offset = 0.02, double dec_offset = -0.03) {
    return row_disagreements(facts(), row, &table, 0, ra_offset, dec_offset, headers);
  }
  static const CameraFacts& facts() {
    static CameraRegistry cameras = test::built_cameras();
    return cameras.load("decam").facts();
  }
  CcdValues row;
  fits::Table table;
  OneHeader headers;
};

TEST_F(RowAgreement, OfEqualValues) { EXPECT_THAT(found(), IsEmpty()); }

TEST_F(RowAgreement, EachValueThatStandsTwiceIsCompared) {
  row.exptime = 110;
  EXPECT_THAT(found(), ElementsAre("the exposure lasts 100 s by the header, 110 by the CCD table"));
  row.exptime = 100.2;
  EXPECT_THAT(found(), IsEmpty());
  row.mjd_obs += 1;
  row.psf_fwhm *= 1.1;
  EXPECT_THAT(found(), ElementsAre(HasSubstr("the date (MJD) is 58369.0030 by the header, 58370.0030"),
                                   HasSubstr("the seeing is 4.46 pixels by the header, 4.906")));
}

TEST_F(RowAgreement, TheExposuresNumberIsCompared) {
  row.expnum = 780124;
  EXPECT_THAT(found(), ElementsAre("the exposure number is 780123 by the header, 780124 by the CCD table"));
}

TEST_F(RowAgreement, ZeroPointsAreHeldToTheCamerasAndToEachOther) {
  row.ccdzpt = 26.15;
  EXPECT_THAT(found(), ElementsAre(HasSubstr("ccdzpt is 26.15 mag, good exposures have 24.58 to 25.33"),
                                   HasSubstr("26.15 mag by ccdzpt, 25.14 by zpt")));
  row.ccdzpt = 24.7;
  EXPECT_THAT(found(), ElementsAre(HasSubstr("24.7 mag by ccdzpt, 25.14 by zpt")));
}

TEST_F(RowAgreement, OffsetsThatNoExposureNeeds) {
  EXPECT_THAT(found(0.02, 0.98), ElementsAre(HasSubstr("(ccdraoff, ccddecoff) is 0.98 arcsec")));
  EXPECT_THAT(found(-0.3, 0.3), IsEmpty());
  EXPECT_THAT(found(3, 3.9), ElementsAre(HasSubstr("is 4.92 arcsec")));
  EXPECT_THROW(found(3, 4.1), Error);  // milliarcsec, say
}

TEST_F(RowAgreement, WhatTheHeaderDoesNotSayIsNotCompared) {
  headers.cards = {};
  row.exptime = 7;
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(RowAgreement, WhatCannotBeReadIsTold) {
  headers.cards.set("EXPTIME", "long");
  EXPECT_THAT(found(), ElementsAre(HasSubstr("EXPTIME = 'long' cannot be read")));
}

TEST_F(RowAgreement, TheBandIsCompared) {
  bool known = false;
  const auto band = [&] {
    const auto found = band_disagreement(facts(), row, headers).value_or(BandDisagreement{});
    known = found.is_known;
    return found.text;
  };
  EXPECT_EQ(band(), "");
  row.band = "G";
  EXPECT_EQ(band(), "");
  row.band = "r";
  EXPECT_EQ(band(), "the band is g by the header, r by the CCD table");
  EXPECT_TRUE(known);
  headers.cards.set("FILTER", "VR DECam c0007 6300.0 2600.0");
  EXPECT_EQ(band(), "the band is VR by the header (none of the camera's), r by the CCD table");
  EXPECT_FALSE(known);
  headers.cards = {};
  EXPECT_EQ(band(), "");
}

TEST(SkyAgreement, OfTheModelTheImageAndTheTable) {
  const auto wrong = [](double left, double model, std::optional<double> by_table = {}) {
    return sky_contradiction({left, 10, model, by_table}).value_or("");
  };
  EXPECT_EQ(wrong(99, 200, 299), "");
  EXPECT_EQ(wrong(-99, 200), "");
  EXPECT_THAT(wrong(-101, 200), HasSubstr("the sky model is 200 where the image is 99"));
  // A galaxy all over the pixels that are read, unless the sky of the table is that of the image.
  EXPECT_EQ(wrong(370, 200), "");
  EXPECT_EQ(wrong(370, 200, 210), "");
  EXPECT_THAT(wrong(370, 200, 560), HasSubstr("the CCD table's sky 560): it is none of this image"));
  EXPECT_THAT(wrong(498, 2, 500), HasSubstr("or in other units"));
  EXPECT_EQ(wrong(150, 600, 755), "");  // a galaxy all over the CCD
  EXPECT_EQ(wrong(-480, 8000), "");     // the corner of a constant
}

TEST(NoiseAgreement, OfWeightsAndTheTable) {
  Image<float> weight(40, 30, 1 / 25.F);
  EXPECT_FALSE(noise_disagreement(weight, 5));
  EXPECT_FALSE(noise_disagreement(weight, 4));
  EXPECT_THAT(noise_disagreement(weight, 2.5).value_or(""), HasSubstr("2 times that by the CCD table"));
  EXPECT_TRUE(noise_disagreement(weight, 8));
  EXPECT_TRUE(noise_disagreement(weight, 49));
  for (const double sigma : {51.0, 0.49}) EXPECT_THROW(noise_disagreement(weight, sigma), Error);
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 39; ++x) weight(x, y) = 0;  // masked pixels say nothing
  EXPECT_FALSE(noise_disagreement(weight, 5));
  EXPECT_FALSE(noise_disagreement(Image<float>(4, 4), 5));
}

TEST(PsfAgreement, OfTheModelTheTableAndTheHeader) {
  fits::Table table;
  table.add("psfnorm", std::vector<float>{0.12F});
  EXPECT_THAT(psf_disagreements(0.125, 4.5, 4, &table, 0), IsEmpty());
  EXPECT_THAT(psf_disagreements(0.08, 4.5, 4, &table, 0),
              ElementsAre(HasSubstr("0.08, by the CCD table 0.12")));
  EXPECT_THAT(psf_disagreements(0.12, 9, 4, &table, 0),
              ElementsAre(HasSubstr("9 pixels wide, those of the image 4")));
  EXPECT_THAT(psf_disagreements(0.09, 4.5, 4, nullptr, -1), IsEmpty());
}

// Tolerances are wide enough for what surveys hold.
TEST(RowAgreementOfSurveys, RealTablesAgreeWithRealHeaders) {
  for (const char* name : {"testcase3", "testcase4", "testcase6", "mzlsbass2", "sim300"}) {
    SCOPED_TRACE(name);
    BRICKLINE_NEEDS_DATA("surveys");
    const test::GoldenCase field(name);
    CameraRegistry cameras = test::built_cameras();
    test::CollectingSink sink;
    for (const CcdRow& row : field.ccds)
      (void)read_ccd_image(cameras.load(row.camera), field.input(row), field.options, Log(sink));
    for (const char* part :
         {"by the header", "by zpt", "good exposures", "arcsec", "the noise by", "norm is", "pixels wide"})
      EXPECT_THAT(sink.warnings, testing::Not(testing::Contains(HasSubstr(part))));
  }
}

TEST(UnitsOfPixels, AgainstTheFacts) {
  PixelFacts total, per_second;
  per_second.unit = PixelFacts::Unit::kPerSecond;
  for (const char* unit : {"", "ADU", "electrons", "counts", "e-", "photons", "DN"})
    EXPECT_FALSE(unit_disagreement(total, unit)) << unit;
  for (const char* unit : {"electrons/s", "e-/s", "counts / s", "ADU s-1", "electron s**-1"}) {
    EXPECT_THAT(unit_disagreement(total, unit).value_or(""), HasSubstr(unit));
    EXPECT_FALSE(unit_disagreement(per_second, unit)) << unit;
  }
  for (const char* unit : {"MJy/sr", "Jy", "nanomaggy", "nmgy", "mag", "erg/s/cm2"})
    EXPECT_THAT(unit_disagreement(per_second, unit).value_or(""), HasSubstr("no unit of counts")) << unit;
}

TEST(PsfFaults, OfPixelsThatAreNotAsTheModelSays) {
  const StampShape real{4.8, 0.1, -0.2};
  EXPECT_THAT(psf_faults(real, {}, 4.2, 4.4), IsEmpty());
  const auto threw = [](const StampShape& shape, double stated, double header) {
    try {
      psf_faults(shape, {}, stated, header);
    } catch (const Error& error) {
      return error.message();
    }
    return std::string();
  };
  EXPECT_THAT(psf_faults({7, 0, 0}, {}, 4.2, 4.2),
              ElementsAre(HasSubstr("stars 7 pixels wide, the model says 4.2")));
  EXPECT_THAT(threw({9, 0, 0}, 4.2, 4.2), HasSubstr("stars 9 pixels wide, the model says 4.2"));
  EXPECT_THAT(threw({0.001, 0, 0}, 4.2, 4.2), HasSubstr("psf_fwhm"));
  EXPECT_THAT(threw({NAN, 0, 0}, 4.2, 4.2), HasSubstr("psf_fwhm"));
  EXPECT_THAT(psf_faults({4.8, 0.8, 0.6}, {}, 4.2, 4.2),
              ElementsAre(HasSubstr("light is 0.80, 0.60 pixels from the middle")));
  EXPECT_THAT(threw({4.8, 0, 2}, 4.2, 4.2), HasSubstr("light is 0.00, 2.00 pixels"));
  EXPECT_THAT(threw(real, 4.2, 99), HasSubstr("99 by its header"));
  EXPECT_THAT(psf_faults(real, {}, 4.2, NAN), IsEmpty());
  const std::vector<StampShape> corners{real, {1.1, 0, 0}};
  EXPECT_THAT(psf_faults(real, corners, 4.2, 4.2),
              ElementsAre(HasSubstr("4.8 pixels wide in the middle and 1.1 at a corner")));
}

TEST(PsfFaults, ShapesOfStamps) {
  Image<float> stamp(41, 41);
  const double sigma = 2.5;
  for (int y = 0; y < 41; ++y)
    for (int x = 0; x < 41; ++x)
      stamp(x, y) = static_cast<float>(
          7 * std::exp(-(std::pow(x - 20.5, 2) + std::pow(y - 19, 2)) / (2 * sigma * sigma)));
  const StampShape shape = stamp_shape(stamp, 15);
  EXPECT_NEAR(shape.fwhm_pixels, 2.354820 * sigma, 1e-3);
  EXPECT_NEAR(shape.x_offset, 0.5, 1e-3);
  EXPECT_NEAR(shape.y_offset, -1, 1e-3);
}

}  // namespace
}  // namespace brickline
