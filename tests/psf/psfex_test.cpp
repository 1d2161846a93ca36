#include "core/psf/psfex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <sstream>

#include "tests/support/calibration_files.h"

namespace brickline {
namespace {

double sum(const Image<float>& image) {
  double s = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) s += image(x, y);
  return s;
}
float peak(const Image<float>& image) {
  float p = 0;
  for (int y = 0; y < image.height(); ++y)
    p = std::max(p, *std::max_element(image.row(y), image.row(y) + image.width()));
  return p;
}

// One image's line of tests/image/survey_images.txt.
struct TruthLine {
  std::string survey, ccdname, band;
  std::int64_t expnum = 0;
  Box extent;
  double gaussian_sigma = 0, raw_sum = 0, peak = 0;
};

std::vector<TruthLine> truth() {
  std::vector<TruthLine> lines;
  std::ifstream file(std::filesystem::path(BRICKLINE_SOURCE_DIR) / "tests/image/survey_images.txt");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream in(line);
    TruthLine t;
    double skipped;
    in >> t.survey >> t.expnum >> t.ccdname >> t.band >> t.extent.x0 >> t.extent.x1 >> t.extent.y0 >>
        t.extent.y1 >> skipped >> skipped >> skipped >> skipped >> t.gaussian_sigma >> skipped >> skipped >>
        skipped >> t.raw_sum >> t.peak;
    lines.push_back(t);
  }
  return lines;
}

TEST(PsfexCalibration, RealModelsAreThoseOfTheReference) {
  BRICKLINE_NEEDS_DATA("surveys/testcase9");
  ASSERT_EQ(truth().size(), 21u);
  for (const TruthLine& t : truth()) {
    SCOPED_TRACE(t.survey + " " + std::to_string(t.expnum) + " " + t.ccdname);
    const test::SurveyCcd ccd = test::survey_ccd(t.survey, t.expnum, t.ccdname);
    const PsfCalibration found = read_psf_calibration(
        test::calibration_files(t.survey, CalibrationKind::kPsf, ccd.values), CalibrationKey::of(ccd.values),
        {.old_calibs_ok = t.survey == "testcase9"}, true);
    const Psf psf = found.psf.shifted(t.extent.x0, t.extent.y0);
    const int x = t.extent.width() / 2, y = t.extent.height() / 2;
    EXPECT_NEAR(psf.gaussian_sigma_pixels(), t.gaussian_sigma, 1e-6);
    EXPECT_NEAR(psf.raw_sum(x, y), t.raw_sum, 2e-6);
    const Image<float> stamp = psf.stamp(x, y);
    EXPECT_NEAR(sum(stamp), 1, 3e-7);
    EXPECT_NEAR(peak(stamp), t.peak, 1e-7);
    EXPECT_EQ(found.plver, ccd.values.plver);
  }
}

// Exposure 802955, CCD S9, at pixel (50, 50).
// tests/psf/survey_psfs.txt.
TEST(PsfexCalibration, TheTablesOfSurveysHoldWhatTheReferenceReads) {
  BRICKLINE_NEEDS_DATA("surveys/testcase4");
  std::ifstream file(std::filesystem::path(BRICKLINE_SOURCE_DIR) / "tests/psf/survey_psfs.txt");
  int lines = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    ++lines;
    SCOPED_TRACE(line);
    std::istringstream in(line);
    std::string survey, ccdname;
    std::int64_t expnum = 0, loaded = 0, accepted = 0;
    double fwhm = 0, zero1 = 0, scale1 = 0, zero2 = 0, scale2 = 0, sum0 = 0, max0 = 0;
    int side = 0;
    in >> survey >> expnum >> ccdname >> fwhm >> loaded >> accepted >> zero1 >> scale1 >> zero2 >> scale2 >>
        sum0 >> max0 >> side;
    ASSERT_FALSE(in.fail());
    const test::SurveyCcd ccd = test::survey_ccd(survey, expnum, ccdname);
    const PsfCalibration found =
        read_psf_calibration(test::calibration_files(survey, CalibrationKind::kPsf, ccd.values),
                             CalibrationKey::of(ccd.values), {}, false);
    const fits::Table table = fits::FitsReader(found.file).table(1);
    std::int64_t row = 0;
    while (table.text("ccdname", row) != ccdname || table.integer("expnum", row) != expnum) ++row;
    EXPECT_EQ(table.integer("loaded", row), loaded);
    EXPECT_EQ(table.integer("accepted", row), accepted);
    EXPECT_NEAR(table.number("psf_fwhm", row), fwhm, 1e-8);
    EXPECT_NEAR(table.number("polzero1", row), zero1, 1e-9);
    EXPECT_NEAR(table.number("polscal1", row), scale1, 1e-9);
    EXPECT_NEAR(table.number("polzero2", row), zero2, 1e-9);
    EXPECT_NEAR(table.number("polscal2", row), scale2, 1e-9);
    EXPECT_NEAR(found.psf.fwhm_pixels(), fwhm, 1e-8);
    EXPECT_EQ(found.psf.width(), side);
    // Where the polynomial has its zero, the model is the first image.
    EXPECT_NEAR(found.psf.raw_sum(zero1, zero2), sum0, 2e-6);
    const Image<float> stamp = found.psf.stamp(zero1, zero2);
    EXPECT_NEAR(peak(stamp), max0, 1e-8);
    EXPECT_EQ(stamp(side / 2, side / 2), peak(stamp));
  }
  EXPECT_EQ(lines, 6);
}

TEST(PsfexCalibration, SingleFilesAreReadBeforeMergedOnes) {
  BRICKLINE_NEEDS_DATA("surveys/mzlsbass2");
  const test::SurveyCcd ccd = test::survey_ccd("mzlsbass2", 78730103, "CCD4");
  const auto files = test::calibration_files("mzlsbass2", CalibrationKind::kPsf, ccd.values);
  ASSERT_TRUE(std::filesystem::exists(files[0]) && std::filesystem::exists(files[1]));
  const PsfCalibration psf = read_psf_calibration(files, CalibrationKey::of(ccd.values), {}, true);
  EXPECT_EQ(psf.file, files[1]);
  EXPECT_EQ(psf.psf.width(), 31);
}

TEST(PsfexCalibration, TheUnnormalizedModelIsThePolynomial) {
  BRICKLINE_NEEDS_DATA("surveys/testcase6");
  const test::SurveyCcd ccd = test::survey_ccd("testcase6", 802955, "S9");
  const PsfCalibration found =
      read_psf_calibration(test::calibration_files("testcase6", CalibrationKind::kPsf, ccd.values),
                           CalibrationKey::of(ccd.values), {}, false);
  EXPECT_NEAR(found.psf.stamp(50, 50)(31, 31), 0.021333456, 3e-9);
}

class PsfexTable : public testing::Test {
 protected:
  // Degree 1, 3 x 5 pixels, padded to 5 x 5 with zeros, and to 4 planes.
  fits::Table table() {
    fits::Table t;
    std::vector<float> cube(5 * 5 * 4, 1e30f);
    for (int p = 0; p < 3; ++p)
      for (int y = 0; y < 5; ++y)
        for (int x = 0; x < 5; ++x)
          cube[(p * 5 + y) * 5 + x] = x < 3 ? static_cast<float>(100 * p + 10 * y + x + 1) : 0;
    t.add("psf_mask", cube, "", {5, 5, 4});
    t.add("psfaxis1", std::vector<std::int64_t>{3});
    t.add("psfaxis2", std::vector<std::int64_t>{5});
    t.add("psfaxis3", std::vector<std::int64_t>{3});
    t.add("poldeg1", std::vector<std::int64_t>{1});
    t.add("polngrp", std::vector<std::int64_t>{1});
    t.add("polname1", std::vector<std::string>{"X_IMAGE"});
    t.add("polname2", std::vector<std::string>{"Y_IMAGE"});
    t.add("polzero1", std::vector<double>{100});
    t.add("polzero2", std::vector<double>{200});
    t.add("polscal1", std::vector<double>{10});
    t.add("polscal2", std::vector<double>{20});
    t.add("psf_samp", std::vector<double>{1});
    t.add("psf_fwhm", std::vector<double>{4.7});
    return t;
  }
};

TEST_F(PsfexTable, CutsThePaddingAndEvaluatesAtFullCcdPixels) {
  const Psf psf = psf_from_psfex_row(table(), 0, false);
  EXPECT_EQ(psf.width(), 3);
  EXPECT_EQ(psf.height(), 5);
  EXPECT_DOUBLE_EQ(psf.fwhm_pixels(), 4.7);
  EXPECT_DOUBLE_EQ(psf.gaussian_sigma_pixels(), 2);
  // 1 + dx and dy planes at dx = 0.5, dy = -2.
  const Image<float> stamp = psf.stamp(105, 160);
  EXPECT_FLOAT_EQ(stamp(2, 4), 43 + 0.5f * 143 - 2 * 243);
  EXPECT_FLOAT_EQ(psf.shifted(100, 150).stamp(5, 10)(2, 4), stamp(2, 4));
}

TEST_F(PsfexTable, AConstantModelNeedsNoAxes) {
  fits::Table t = table();
  t.add("poldeg1", std::vector<std::int64_t>{0});
  t.add("polname1", std::vector<std::string>{""});
  EXPECT_FLOAT_EQ(psf_from_psfex_row(t, 0, false).stamp(1e4, 1e4)(0, 0), 1);
}

TEST_F(PsfexTable, IsReadWhateverItsFloatsAndHoweverPositionsWereMeasured) {
  const Image<float> expected = psf_from_psfex_row(table(), 0, false).stamp(105, 160);
  fits::Table t = table();
  const auto& single = std::get<std::vector<float>>(t.require("psf_mask").data);
  t.add("psf_mask", std::vector<double>(single.begin(), single.end()), "", {5, 5, 4});
  for (const auto& [x, y] : {std::pair{"X_IMAGE", "Y_IMAGE"},
                             {"XWIN_IMAGE", "YWIN_IMAGE"},
                             {"XPSF_IMAGE", "YPSF_IMAGE"},
                             {"x_image", "y_image"}}) {
    SCOPED_TRACE(x);
    t.add("polname1", std::vector<std::string>{x});
    t.add("polname2", std::vector<std::string>{y});
    const Image<float> stamp = psf_from_psfex_row(t, 0, false).stamp(105, 160);
    for (int row = 0; row < 5; ++row)
      for (int column = 0; column < 3; ++column) EXPECT_EQ(stamp(column, row), expected(column, row));
  }
  for (const auto& [x, y] : {std::pair{"Y_IMAGE", "Y_IMAGE"}, {"X_WORLD", "Y_WORLD"}, {"MAG", "Y_IMAGE"}}) {
    t.add("polname1", std::vector<std::string>{x});
    t.add("polname2", std::vector<std::string>{y});
    EXPECT_THROW(psf_from_psfex_row(t, 0, false), Error) << x;
  }
  t = table();
  t.add("psf_mask", std::vector<std::int32_t>(5 * 5 * 4, 1), "", {5, 5, 4});
  EXPECT_THROW(psf_from_psfex_row(t, 0, false), Error);
}

TEST_F(PsfexTable, IsTheSameWithYAsTheFirstVariable) {
  const auto of_degree_2 = [&](const std::array<int, 6>& order, bool y_first) {
    fits::Table t = table();
    std::vector<float> cube;
    for (const int k : order)
      for (int i = 0; i < 25; ++i) cube.push_back(i % 5 < 3 ? static_cast<float>(1 + i + 7 * k * k) : 0);
    t.add("psf_mask", cube, "", {5, 5, 6});
    t.add("psfaxis3", std::vector<std::int64_t>{6});
    t.add("poldeg1", std::vector<std::int64_t>{2});
    if (!y_first) return psf_from_psfex_row(t, 0, false);
    t.add("polname1", std::vector<std::string>{"Y_IMAGE"});
    t.add("polname2", std::vector<std::string>{"X_IMAGE"});
    t.add("polzero1", std::vector<double>{200});
    t.add("polzero2", std::vector<double>{100});
    t.add("polscal1", std::vector<double>{20});
    t.add("polscal2", std::vector<double>{10});
    return psf_from_psfex_row(t, 0, false);
  };
  // 1, x, x^2, y, xy, y^2; and 1, y, y^2, x, xy, x^2.
  const Image<float> x_first = of_degree_2({0, 1, 2, 3, 4, 5}, false).stamp(117, 144),
                     y_first = of_degree_2({0, 3, 5, 1, 4, 2}, true).stamp(117, 144);
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 3; ++x) EXPECT_EQ(y_first(x, y), x_first(x, y));
}

TEST_F(PsfexTable, SamplingZeroCountsAsOne) {
  fits::Table t = table();
  t.add("psf_samp", std::vector<double>{0});
  EXPECT_EQ(psf_from_psfex_row(t, 0, false).width(), 3);
}

TEST_F(PsfexTable, RefusesWhatIsNotSuchAModel) {
  const auto refused = [&](auto change) {
    fits::Table t = table();
    change(t);
    EXPECT_THROW(psf_from_psfex_row(t, 0, true), Error);
  };
  refused([](fits::Table& t) { t.add("polname1", std::vector<std::string>{"MAG_AUTO"}); });
  for (const double sampling : {1e-4, 0.09, 2.1, 1e4, -1., std::nan(""), 1e300})
    refused([&](fits::Table& t) { t.add("psf_samp", std::vector<double>{sampling}); });
  for (const double fwhm : {0., 0.4, 101., -3., std::nan("")})
    refused([&](fits::Table& t) { t.add("psf_fwhm", std::vector<double>{fwhm}); });
  refused([](fits::Table& t) { t.add("polngrp", std::vector<std::int64_t>{2}); });
  refused([](fits::Table& t) { t.add("psfaxis3", std::vector<std::int64_t>{6}); });
  refused([](fits::Table& t) { t.add("poldeg1", std::vector<std::int64_t>{2}); });
  refused([](fits::Table& t) { t.add("psfaxis1", std::vector<std::int64_t>{63}); });
  refused([](fits::Table& t) { t.add("polscal2", std::vector<double>{0}); });
  refused([](fits::Table& t) {
    std::get<std::vector<float>>(t.find("psf_mask")->data)[7] = std::numeric_limits<float>::quiet_NaN();
  });
  // Light beyond the size that is said is no padding.
  refused([](fits::Table& t) { std::get<std::vector<float>>(t.find("psf_mask")->data)[3] = 1e-4F; });
  refused([](fits::Table& t) { t.add("psfaxis2", std::vector<std::int64_t>{3}); });
  // Without light nothing can be fitted, and nobody would know why the catalog is empty.
  refused([](fits::Table& t) {
    for (float& v : std::get<std::vector<float>>(t.find("psf_mask")->data)) v = 0;
  });
}

}  // namespace
}  // namespace brickline
