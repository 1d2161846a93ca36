// What psfex leaves behind becomes a row of the survey's tables, or is refused; what the programs are told.
#include "core/calib/psf_maker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/base/error.h"
#include "core/calib/external_program.h"
#include "core/calib/psf_settings.h"
#include "core/psf/psfex.h"
#include "tests/calib/psfex_file.h"
#include "tests/support/golden_case.h"
#include "tests/support/run_program.h"

namespace brickline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PsfRow : public testing::Test {
 protected:
  fits::Table row(const test::PsfexFile& file, int min_stars = 20) {
    file.write(scratch_ / "a.psf");
    CcdImage image;
    image.expnum = 77;
    image.ccdname = "N4";
    image.plver = "V5";
    image.datasum = "123";
    return psf_row(scratch_ / "a.psf", image, min_stars, 0.3);
  }
  std::string refusal(const test::PsfexFile& file) {
    try {
      row(file);
    } catch (const Error& e) {
      return e.line();
    }
    return "accepted";
  }
  test::TemporaryDirectory scratch_;
};

TEST_F(PsfRow, HasTheColumnsOfTheSurveysTables) {
  const fits::Table t = row({});
  EXPECT_EQ(t.rows(), 1);
  EXPECT_EQ(t.require("psf_mask").shape, (std::vector<std::int64_t>{15, 15, 3}));
  EXPECT_EQ(t.integer("expnum", 0), 77);
  EXPECT_EQ(t.text("ccdname", 0), "N4");
  EXPECT_EQ(t.text("plver", 0), "V5");
  EXPECT_EQ(t.text("plprocid", 0), "xxx");
  EXPECT_EQ(t.text("imgdsum", 0), "123");
  EXPECT_EQ(t.integer("loaded", 0), 40);
  EXPECT_EQ(t.integer("accepted", 0), 38);
  EXPECT_EQ(t.text("polname2", 0), "Y_IMAGE");
  EXPECT_EQ(t.number("polzero1", 0), 130.5);
  EXPECT_EQ(t.integer("poldeg1", 0), 1);
  const Psf psf = psf_from_psfex_row(t, 0, false);
  EXPECT_NEAR(psf.raw_sum(130, 130), 1.01, 1e-5);
}

TEST_F(PsfRow, OfAConstantModelNamesNoAxes) {
  test::PsfexFile constant;
  constant.degree = 0;
  const fits::Table t = row(constant);
  EXPECT_EQ(t.text("polname1", 0), "fake");
  EXPECT_EQ(t.number("polscal1", 0), 1);
  EXPECT_TRUE(psf_from_psfex_row(t, 0, true).is_constant());
}

TEST_F(PsfRow, IsRefusedWhereTheModelIsNone) {
  test::PsfexFile bad;
  bad.loaded = bad.accepted = 0;
  bad.sum = bad.fwhm = bad.sampling = 0;
  EXPECT_THAT(refusal(bad), HasSubstr("accepted 0 of 0 stars, fewer than the 20"));
  bad.accepted = 30;
  EXPECT_NE(refusal(bad), "accepted");
  bad = {};
  bad.sum = 0;
  EXPECT_NE(refusal(bad), "accepted");
  bad.sum = 1.5;
  EXPECT_THAT(refusal(bad), HasSubstr("sum"));
  bad.sum = 4.04;  // of pixels of half the side
  bad.sampling = 0.5;
  EXPECT_EQ(refusal(bad), "accepted");
  bad = {};
  bad.fwhm = std::nan("");
  EXPECT_NE(refusal(bad), "accepted");
  bad = {};
  bad.accepted = 19;
  EXPECT_THAT(refusal(bad), HasSubstr("--min-stars"));
  EXPECT_EQ(row(bad, 10).integer("accepted", 0), 19);
  EXPECT_EQ(refusal({}), "accepted");
}

TEST(PsfSettings, AreTheSurveysWithTheCamerasOverThem) {
  CameraFacts facts;
  facts.detector.pixel_scale_arcsec = 0.262;
  facts.detection.keys["detect_thresh"] = "2.5";
  facts.psf.size_pixels = 31;
  facts.psf.degree = 1;
  facts.psfex.keys["SAMPLE_VARIABILITY"] = "0.5";
  const ProgramSettings extraction = extractor_settings(facts, 100);
  EXPECT_EQ(extraction.at("DETECT_THRESH"), "2.5");
  EXPECT_EQ(extraction.at("DEBLEND_MINCONT"), "0.000015");
  EXPECT_EQ(extraction.at("CATALOG_TYPE"), "FITS_LDAC");
  EXPECT_EQ(extraction.at("PHOT_APERTURES"),
            "5.7251908,11.450382,19.083969,26.717557,34.351145,41.984733,49.618321,57.251908");
  EXPECT_EQ(extraction.at("GAIN"), "4.0");
  CameraFacts rates = facts;
  rates.pixels.unit = PixelFacts::Unit::kPerSecond;
  EXPECT_EQ(extractor_settings(rates, 100).at("GAIN"), "400");
  rates.detection.keys["GAIN"] = "1.3";
  EXPECT_EQ(extractor_settings(rates, 100).at("GAIN"), "1.3");
  EXPECT_THAT(extractor_columns(facts), testing::Contains("VIGNET(31,31)"));
  const ProgramSettings psfex = psfex_settings(facts, {}, nullptr);
  EXPECT_EQ(psfex.at("PSFVAR_DEGREES"), "1");
  EXPECT_EQ(psfex.at("PSF_SIZE"), "31,31");
  EXPECT_EQ(psfex.at("SAMPLE_VARIABILITY"), "0.5");
  EXPECT_EQ(psfex.at("SAMPLE_IMAFLAGMASK"), "0xff");
  EXPECT_THAT(extractor_filter(facts), HasSubstr("0.173152 0.155356"));
}

class PsfPrograms : public testing::Test {
 protected:
  void SetUp() override {
    const std::optional<std::string> path = std::getenv("PATH") ? std::getenv("PATH") : "";
    if (!find_program({"source-extractor"}, path) || !find_program({"psfex"}, path))
      GTEST_SKIP() << "source-extractor and psfex are not installed (tools/setup.sh)";
  }
  // PSFs alone of a real survey, written to the scratch directory.
  test::ProgramResult psfs_of(const std::string& survey, std::vector<std::string> words = {}) const {
    words.insert(words.end(), {"--survey-dir", (test::data_dir() / "surveys" / survey).string(), "--outdir",
                               scratch_.path().string(), "--force", "--no-sky", "--keep-catalogs",
                               "--plugin-dir", test::built_plugins().string()});
    return test::run_program(test::program("calibrate"), words, {});
  }
  test::TemporaryDirectory scratch_;
};

// tests/calib/testcase4_sources.txt. Three stars are no PSF.
TEST_F(PsfPrograms, FindOnTestcase4WhatTheReferenceFinds) {
  BRICKLINE_NEEDS_DATA("surveys/testcase4");
  const test::ProgramResult result = psfs_of("testcase4");
  EXPECT_EQ(result.exit_code, 6) << result.err;
  EXPECT_THAT(result.out, HasSubstr("psfex accepted 0 of 0 stars"));
  const std::vector<std::string> files = test::files_below(scratch_.path());
  ASSERT_EQ(files.size(), 1u);
  const fits::Table found = fits::FitsReader(scratch_ / files.front()).table(2);
  std::ifstream truth(std::filesystem::path(BRICKLINE_SOURCE_DIR) / "tests/calib/testcase4_sources.txt");
  std::int64_t row = 0;
  for (std::string line; std::getline(truth, line);) {
    if (line.starts_with('#')) continue;
    SCOPED_TRACE(line);
    ASSERT_LT(row, found.rows());
    std::istringstream in(line);
    double x = 0, y = 0, flux = 0;
    std::int64_t flags = -1, image_flags = -1;
    in >> x >> y >> flux >> flags >> image_flags;
    EXPECT_NEAR(found.number("x_image", row), x, 6e-4);
    EXPECT_NEAR(found.number("y_image", row), y, 6e-4);
    EXPECT_NEAR(found.number("flux_aper", row, 3), flux, 0.06);
    EXPECT_EQ(found.integer("flags", row), flags);
    EXPECT_EQ(found.integer("imaflags_iso", row), image_flags);
    ++row;
  }
  EXPECT_EQ(row, found.rows());
}

// 300 pixels of sky hold a few stars: each image says so, and nothing is written that could be taken for a PSF.
TEST_F(PsfPrograms, FailOfEachImageThatHasTooFewStars) {
  BRICKLINE_NEEDS_DATA("surveys/sim300");
  // Small stamps: of few stars psfex takes long.
  const test::ProgramResult result =
      psfs_of("sim300", {"--set", "psf.size_pixels=25", "--set", "psf.degree=0"});
  EXPECT_EQ(result.exit_code, 6) << result.err;
  for (int exposure = 900301; exposure <= 900306; ++exposure)
    EXPECT_THAT(result.out,
                testing::ContainsRegex(std::to_string(exposure) +
                                       "-S4.*psfex accepted [0-9] of [0-9] stars, fewer than the 20"));
  EXPECT_THAT(result.out, HasSubstr("6 CCDs, 6 failed"));
  for (const std::string& name : test::files_below(scratch_.path()))
    EXPECT_TRUE(name.starts_with("se/")) << name;
}

TEST(PsfSettings, SpecialCcdsHaveFlagsOfTheirOwn) {
  test::TemporaryDirectory scratch;
  std::ofstream(scratch / "special")
      << "# exposures\n\n12 -A 1\n12-n10 -PSFVAR_DEGREES 0  -B 2 # why\n13-S1 -C 3\n";
  CcdValues ccd;
  ccd.expnum = 12;
  ccd.ccdname = "N10";
  EXPECT_THAT(special_flags(scratch / "special", ccd), ElementsAre("-PSFVAR_DEGREES", "0", "-B", "2"));
  ccd.ccdname = "N11";
  EXPECT_THAT(special_flags(scratch / "special", ccd), ElementsAre("-A", "1"));
  ccd.expnum = 13;
  EXPECT_TRUE(special_flags(scratch / "special", ccd).empty());
  std::ofstream(scratch / "bad") << "what is this\n";
  EXPECT_THROW(special_flags(scratch / "bad", ccd), Error);
}

}  // namespace
}  // namespace brickline
