#include "core/wcs/wcs.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/wcs/distortion.h"
#include "core/wcs/polygon.h"
#include "core/wcs/sky.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

std::filesystem::path truth_file(const std::string& name) {
  return std::filesystem::path(BRICKLINE_SOURCE_DIR) / "tests/wcs" / name;
}

struct SyntheticCase {
  struct Point {
    double x, y, ra, dec;  // 1-based
  };
  fits::Header header;
  std::vector<Point> points;
};

std::map<std::string, SyntheticCase> synthetic_cases() {
  std::map<std::string, SyntheticCase> cases;
  std::ifstream file(truth_file("synthetic_headers.txt"));
  std::string line, name;
  while (std::getline(file, line)) {
    std::istringstream in(line);
    std::string word, equals, value;
    in >> word;
    if (word.starts_with('#')) continue;
    if (word == "header") {
      in >> name;
    } else if (word == "at") {
      SyntheticCase::Point p;
      in >> p.x >> p.y >> p.ra >> p.dec;
      cases[name].points.push_back(p);
    } else {
      in >> equals >> value;
      if (equals != "=" || word.size() > 8 || value.empty())
        throw std::runtime_error("synthetic_headers.txt: '" + line + "' is no card");
      if (value.starts_with('\''))
        cases[name].header.set(word, value.substr(1, value.size() - 2));
      else
        cases[name].header.set(word, std::stod(value));
    }
  }
  return cases;
}

class SyntheticHeader : public testing::TestWithParam<const char*> {};

TEST_P(SyntheticHeader, AgreesWithAnotherImplementation) {
  const auto cases = synthetic_cases();
  const SyntheticCase& c = cases.at(GetParam());
  const Wcs wcs = Wcs::from_header(c.header, 2046, 4094);
  ASSERT_GE(c.points.size(), 6u);
  for (const auto& p : c.points) {
    const SkyPosition s = wcs.pixel_to_sky(p.x - 1, p.y - 1);
    EXPECT_LT(angular_separation(s.ra, s.dec, p.ra, p.dec), 2e-13) << p.x << "," << p.y;
    const auto back = wcs.sky_to_pixel(s.ra, s.dec);
    ASSERT_TRUE(back);
    EXPECT_NEAR(back->x, p.x - 1, 2e-9);
    EXPECT_NEAR(back->y, p.y - 1, 2e-9);
  }
}

INSTANTIATE_TEST_SUITE_P(Wcs, SyntheticHeader,
                         testing::Values("tan", "tan-pole", "pc-cdelt", "tpv-all-terms", "tan-with-pv",
                                         "sip"));

// One line of survey_images.txt.
struct SurveyCase {
  std::string survey, ccdname, band;
  std::int64_t expnum;
  Box extent;
  SkyPosition crval;
  std::array<SkyPosition, 4> corners;
};

std::vector<SurveyCase> survey_cases() {
  std::vector<SurveyCase> cases;
  std::ifstream file(truth_file("survey_images.txt"));
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with('#')) continue;
    std::istringstream in(line);
    SurveyCase c;
    in >> c.survey >> c.expnum >> c.ccdname >> c.band >> c.extent.x0 >> c.extent.x1 >> c.extent.y0 >>
        c.extent.y1;
    in >> c.crval.ra >> c.crval.dec;
    for (auto& corner : c.corners) in >> corner.ra >> corner.dec;
    cases.push_back(c);
  }
  return cases;
}

// The WCS of a CCD with its table's astrometric offset; empty if the survey is not there.
std::optional<Wcs> survey_wcs(const SurveyCase& c) {
  const auto dir = test::data_dir() / "surveys" / c.survey;
  for (const char* name : {"survey-ccds-1.fits.gz", "survey-ccds-1.kd.fits"}) {
    if (!std::filesystem::exists(dir / name)) continue;
    const fits::Table table = fits::FitsReader(dir / name).table(1);
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      if (table.integer("expnum", row) != c.expnum || table.text("ccdname", row) != c.ccdname) continue;
      fits::FitsReader image(dir / "images" / table.text("image_filename", row));
      const int hdu = static_cast<int>(table.integer("image_hdu", row));
      const fits::ImageInfo info = image.image_info(hdu);
      return Wcs::from_header(image.header(hdu), info.width, info.height)
          .with_offset(table.number("ccdraoff", row) / 3600, table.number("ccddecoff", row) / 3600);
    }
  }
  return {};
}

TEST(Wcs, CornersOfSurveyImagesAreThoseOfTheReference) {
  BRICKLINE_NEEDS_DATA("surveys/testcase9");
  int checked = 0;
  for (const SurveyCase& c : survey_cases()) {
    const auto full = survey_wcs(c);
    if (!full) continue;
    ++checked;
    SCOPED_TRACE(c.survey + " " + std::to_string(c.expnum) + " " + c.ccdname);
    EXPECT_NEAR(full->tangent_point().ra, c.crval.ra, 1e-9);
    EXPECT_NEAR(full->tangent_point().dec, c.crval.dec, 1e-9);
    const Wcs sub = full->sub_image(c.extent);
    const std::array<PixelPosition, 4> pixels{
        {{0, 0}, {sub.width() - 1.0, 0}, {sub.width() - 1.0, sub.height() - 1.0}, {0, sub.height() - 1.0}}};
    for (int i = 0; i < 4; ++i) {
      const SkyPosition s = sub.pixel_to_sky(pixels[i].x, pixels[i].y);
      EXPECT_NEAR(s.ra, c.corners[i].ra, 1e-9);
      EXPECT_NEAR(s.dec, c.corners[i].dec, 1e-9);
      const auto back = sub.sky_to_pixel(s.ra, s.dec);
      ASSERT_TRUE(back);
      EXPECT_NEAR(back->x, pixels[i].x, 2e-9);
      EXPECT_NEAR(back->y, pixels[i].y, 2e-9);
    }
  }
  EXPECT_GE(checked, 20);
}

TEST(Wcs, FarFromItsCutOutARealDistortionIsStillExact) {
  BRICKLINE_NEEDS_DATA("surveys/testcase6");
  const auto wcs = survey_wcs({"testcase6", "S9", "g", 802955});
  ASSERT_TRUE(wcs);
  const SkyPosition inside = wcs->pixel_to_sky(50, 50), outside = wcs->pixel_to_sky(-501, 2999);
  EXPECT_NEAR(inside.ra, 110.311978579044, 1e-11);
  EXPECT_NEAR(inside.dec, 23.919920025739, 1e-11);
  // From WCSLIB through astropy; the reference's own 110.547806491228, 23.961140715277 there extrapolates a
  // quintic that was fitted to 101 pixels.
  EXPECT_NEAR(outside.ra, 110.547818262788, 1e-11);
  EXPECT_NEAR(outside.dec, 23.961135646394, 1e-11);
  const auto pixel = wcs->sky_to_pixel(110.31, 23.92);
  EXPECT_NEAR(pixel->x, 49.785412539 - 1, 1e-7);
  EXPECT_NEAR(pixel->y, 26.247231100 - 1, 1e-7);
  EXPECT_NEAR(wcs->pixel_scale_arcsec(), 0.2623540286, 1e-10);
  EXPECT_FALSE(wcs->is_plain_tangent());
}

TEST(Wcs, ABrickIsATangentPlaneAboutItsCentre) {
  const double p = 0.262 / 3600;
  const Wcs wcs = Wcs::tangent(110.2124430956, 24, 1799.5, 1799.5, {-p, 0, 0, p}, 3600, 3600);
  const auto expect = [&](double x, double y, double ra, double dec) {
    const SkyPosition s = wcs.pixel_to_sky(x - 1, y - 1);
    EXPECT_NEAR(s.ra, ra, 1e-9);
    EXPECT_NEAR(s.dec, dec, 1e-9);
  };
  expect(1, 1, 110.3556545735, 23.8689703876);
  expect(3600, 1, 110.0692316177, 23.8689703876);
  expect(3600, 3600, 110.0689398351, 24.1308963338);
  expect(0.5, 0.5, 110.3556943249, 23.8689339622);
  const auto pixel = wcs.sky_to_pixel(110.2, 24.05);
  EXPECT_NEAR(pixel->x, 1956.63168378 - 1, 1e-6);
  EXPECT_NEAR(pixel->y, 2487.52998441 - 1, 1e-6);
  EXPECT_NEAR(wcs.radius_degrees(), 0.18526197667087546, 1e-12);
}

TEST(Wcs, SubImagesKeepTheSky) {
  const auto cases = synthetic_cases();
  for (const char* name : {"sip", "tpv-all-terms"}) {
    const Wcs wcs = Wcs::from_header(cases.at(name).header, 2046, 4094);
    const Wcs part = wcs.sub_image({300, 500, 1000, 1700});
    EXPECT_EQ(part.width(), 200);
    EXPECT_EQ(part.height(), 700);
    const SkyPosition a = wcs.pixel_to_sky(333.25, 1444.5), b = part.pixel_to_sky(33.25, 444.5);
    EXPECT_DOUBLE_EQ(a.ra, b.ra);
    EXPECT_DOUBLE_EQ(a.dec, b.dec);
  }
}

TEST(Wcs, AnOffsetMovesTheTangentPointByATrueAngle) {
  const Wcs wcs = Wcs::tangent(200, 60, 0, 0, {-1e-4, 0, 0, 1e-4}, 10, 10).with_offset(1e-3, -2e-3);
  EXPECT_NEAR(wcs.tangent_point().ra, 200.002, 1e-12);
  EXPECT_NEAR(wcs.tangent_point().dec, 59.998, 1e-12);
}

TEST(Wcs, PositionsBehindTheTangentPlaneHaveNoPixel) {
  const Wcs wcs = Wcs::tangent(10, 0, 0, 0, {-1e-4, 0, 0, 1e-4}, 10, 10);
  EXPECT_TRUE(wcs.sky_to_pixel(99, 0));
  EXPECT_FALSE(wcs.sky_to_pixel(101, 0));
  EXPECT_FALSE(wcs.sky_to_pixel(190, 0));
}

TEST(Wcs, OutputCardsReadBackAsTheSameWcs) {
  const Wcs wcs = Wcs::tangent(110.2124430956, 24, 1799.5, 1149.5, {-7.3e-5, 1e-7, 2e-7, 7.2e-5}, 100, 90);
  const fits::Header cards = wcs.to_header();
  EXPECT_EQ(cards.require_number("CRPIX1"), 1800.5);
  const Wcs again = Wcs::from_header(cards, 100, 90);
  EXPECT_DOUBLE_EQ(again.pixel_to_sky(3, 99).ra, wcs.pixel_to_sky(3, 99).ra);
  EXPECT_DOUBLE_EQ(again.pixel_to_sky(3, 99).dec, wcs.pixel_to_sky(3, 99).dec);
}

TEST(Wcs, HeadersItCannotFollowAreRefused) {
  fits::Header h = synthetic_cases().at("tan").header;
  EXPECT_NO_THROW(Wcs::from_header(h, 10, 10));
  fits::Header sine = h;
  sine.set("CTYPE1", "RA---SIN");
  sine.set("CTYPE2", "DEC--SIN");
  EXPECT_THROW(Wcs::from_header(sine, 10, 10), Error);
  fits::Header galactic = h;
  galactic.set("CTYPE1", "GLON-TAN");
  galactic.set("CTYPE2", "GLAT-TAN");
  EXPECT_THROW(Wcs::from_header(galactic, 10, 10), Error);
  fits::Header flat = h;
  for (const char* key : {"CD1_1", "CD1_2"}) flat.set(key, 0.0);
  EXPECT_THROW(Wcs::from_header(flat, 10, 10), Error);
  EXPECT_THROW(Wcs::from_header(fits::Header{}, 10, 10), Error);
}

TEST(Wcs, OneObjectServesManyThreads) {
  const Wcs wcs = Wcs::from_header(synthetic_cases().at("tpv-all-terms").header, 2046, 4094);
  std::array<int, 4> wrong{};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        const double x = (i * 37 + t * 511) % 2046, y = (i * 91 + t * 77) % 4094;
        const SkyPosition s = wcs.pixel_to_sky(x, y);
        const auto p = wcs.sky_to_pixel(s.ra, s.dec);
        if (!p || std::abs(p->x - x) > 1e-8 || std::abs(p->y - y) > 1e-8) ++wrong[t];
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, (std::array<int, 4>{}));
}

TEST(Distortion, DerivativesAreThoseOfTheValue) {
  DistortionPolynomial p;
  p.add_term(3, 2, 0.5);
  p.add_term(0, 1, 1.5);
  p.add_term(4, 0, -0.25);
  p.add_radial(0, 0.125);
  p.add_radial(2, -2);
  const double x = 0.3, y = -0.7, h = 1e-5, r = std::hypot(x, y);
  EXPECT_NEAR(p(x, y),
              0.5 * std::pow(x, 3) * y * y + 1.5 * y - 0.25 * std::pow(x, 4) + 0.125 * r - 2 * std::pow(r, 5),
              1e-15);
  const auto v = p.with_derivatives(x, y);
  EXPECT_DOUBLE_EQ(v.f, p(x, y));
  EXPECT_NEAR(v.dx, (p(x + h, y) - p(x - h, y)) / (2 * h), 1e-9);
  EXPECT_NEAR(v.dy, (p(x, y + h) - p(x, y - h)) / (2 * h), 1e-9);
}

TEST(Distortion, TpvTermsFollowTheConvention) {
  // m of x, y, r, xy, r^3, x^4, x^2 y^3, r^7.
  const std::map<int, std::pair<int, int>> known{{1, {1, 0}},   {2, {0, 1}},  {3, {1, -1}}, {5, {1, 1}},
                                                 {11, {3, -1}}, {12, {4, 0}}, {20, {2, 3}}, {39, {7, -1}}};
  for (const auto& [m, powers] : known) {
    EXPECT_EQ(tpv_term(m).i, powers.first) << m;
    EXPECT_EQ(tpv_term(m).j, powers.second) << m;
  }
}

}  // namespace
}  // namespace brickline
