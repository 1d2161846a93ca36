#include "core/sky/sky_calibration.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <sstream>

#include "core/fits/fits_writer.h"
#include "tests/support/calibration_files.h"
#include "tests/support/collecting_log.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

// Exposure 802955, CCD S9, evaluated by the reference pipeline (FITPACK).
TEST(SkyCalibration, ARealSplineIsThatOfTheReference) {
  BRICKLINE_NEEDS_DATA("surveys/testcase6");
  const test::SurveyCcd ccd = test::survey_ccd("testcase6", 802955, "S9");
  const SkyCalibration sky =
      read_sky_calibration(test::calibration_files("testcase6", CalibrationKind::kSky, ccd.values),
                           CalibrationKey::of(ccd.values), {});
  EXPECT_TRUE(sky.file.string().find("sky-single") != std::string::npos) << sky.file;
  const struct {
    double x, y, level;
  } truth[] = {{0, 0, 301.516740964},        {50, 50, 301.596229265},     {100, 100, 301.609054861},
               {12.5, 77.25, 301.617191116}, {9000, 9000, 300.109069824}, {-5000, 0, 299.448650110}};
  for (const auto& t : truth) EXPECT_NEAR(sky.model(t.x, t.y), t.level, 2e-9) << t.x << " " << t.y;
  EXPECT_EQ(sky.model.x_axis().knots(),
            (std::vector<double>{-1, -1, -1, -1, 511, 767, 1023, 1279, 1535, 2047, 2047, 2047, 2047}));
  EXPECT_EQ(sky.plver, "V4.8.2a");
  EXPECT_FALSE(sky.version.empty());
}

// tests/sky/survey_skies.txt.
TEST(SkyCalibration, TheSkiesOfSurveysAreThoseOfTheReference) {
  BRICKLINE_NEEDS_DATA("surveys/mzlsbass2");
  std::ifstream file(fs::path(BRICKLINE_SOURCE_DIR) / "tests/sky/survey_skies.txt");
  int lines = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    ++lines;
    SCOPED_TRACE(line);
    std::istringstream in(line);
    std::string kind, survey, ccdname;
    std::int64_t expnum = 0;
    int a = 0, b = 0;  // the image's size, or where it begins
    std::array<double, 6> level{};
    in >> kind >> survey >> expnum >> ccdname >> a >> b;
    for (double& v : level) in >> v;
    ASSERT_FALSE(in.fail());
    const test::SurveyCcd ccd = test::survey_ccd(survey, expnum, ccdname);
    const SkyModel model =
        read_sky_calibration(test::calibration_files(survey, CalibrationKind::kSky, ccd.values),
                             CalibrationKey::of(ccd.values), {})
            .model;
    if (kind == "sky") {
      const double places[5][2] = {
          {0, 0}, {a - 1., 0}, {0, b - 1.}, {a - 1., b - 1.}, {double(a / 2), double(b / 2)}};
      for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(model(places[i][0], places[i][1]), level[i], 2e-5) << i;
      const Image<float> all = model.render(Box::from_size(a, b));
      double sum = 0;
      for (int y = 0; y < b; ++y)
        for (int x = 0; x < a; ++x) sum += all(x, y);
      EXPECT_NEAR(sum / a / b, level[5], 2e-5);
    } else {
      const double places[6][2] = {{0, 0},      {100.5, 200.25}, {1023, 2047},
                                   {700, 3000}, {-50, -50},      {5000, 5000}};
      for (std::size_t i = 0; i < 6; ++i)
        EXPECT_NEAR(model(places[i][0] - a, places[i][1] - b), level[i], 2e-6) << i;
    }
  }
  EXPECT_EQ(lines, 13);
}

class SkyFiles : public testing::Test {
 protected:
  // A table of one row per CCD name, all constant.
  fs::path write(const std::string& name, std::vector<std::string> ccds, std::vector<double> values,
                 const std::string& plver = "V1.0", bool with_version = true) {
    fits::Table t;
    const std::size_t n = ccds.size();
    t.add("skyclass", std::vector<std::string>(n, "tractor.sky.ConstantSky"));
    t.add("value", std::move(values));
    t.add("expnum", std::vector<std::int64_t>(n, 77));
    t.add("ccdname", std::move(ccds));
    if (with_version) t.add("plver", std::vector<std::string>(n, plver));
    t.add("plprocid", std::vector<std::string>(n, "abc"));
    fits::FitsWriter w;
    w.add_table(t);
    w.write(dir_ / name);
    return dir_ / name;
  }
  test::TemporaryDirectory dir_;
  const CalibrationKey key_{77, "N1", "V1.0", "abc"};
};

TEST_F(SkyFiles, TheFirstFileWithExactlyOneRowOfTheCcdWins) {
  const std::vector<fs::path> files{
      dir_ / "absent.fits", write("other.fits", {"N2"}, {1}), write("twice.fits", {"N1", "N1"}, {2, 3}),
      write("merged.fits", {"N2", "N1"}, {4, 5}), write("last.fits", {"N1"}, {6})};
  const SkyCalibration sky = read_sky_calibration(files, key_, {});
  EXPECT_EQ(sky.model(0, 0), 5);
  EXPECT_EQ(sky.file, dir_ / "merged.fits");
}

TEST_F(SkyFiles, AnotherReductionIsAnErrorThatNamesTheFile) {
  const std::vector<fs::path> files{write("old.fits", {"N1"}, {1}, "V0.9")};
  try {
    read_sky_calibration(files, key_, {});
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_EQ(e.file(), (dir_ / "old.fits").string());
    EXPECT_NE(e.line().find("'V0.9'"), std::string::npos) << e.line();
    EXPECT_NE(e.line().find("'V1.0'"), std::string::npos) << e.line();
  }
  EXPECT_EQ(read_sky_calibration(files, key_, {.old_calibs_ok = true}).model(0, 0), 1);
  EXPECT_EQ(read_sky_calibration(files, key_, {.versions = false}).model(0, 0), 1);
}

TEST_F(SkyFiles, AStaleFileBlocksNoGoodOneAndIsNamed) {
  const std::vector<fs::path> files{write("old.fits", {"N1"}, {1}, "V0.9"), write("good.fits", {"N1"}, {2})};
  for (const bool old_calibs_ok : {false, true}) {
    test::CollectingSink log;
    const SkyCalibration sky = read_sky_calibration(files, key_, {.old_calibs_ok = old_calibs_ok}, Log(log));
    EXPECT_EQ(sky.model(0, 0), 2);
    EXPECT_EQ(sky.file, dir_ / "good.fits");
    ASSERT_EQ(log.warnings.size(), 1u);
    EXPECT_NE(log.warnings[0].find((dir_ / "old.fits").string()), std::string::npos) << log.warnings[0];
  }
}

TEST_F(SkyFiles, OnlyTheSelectedRowsVersionCounts) {
  fits::Table t;
  t.add("skyclass", std::vector<std::string>(2, "tractor.sky.ConstantSky"));
  t.add("value", std::vector<double>{1, 2});
  t.add("expnum", std::vector<std::int64_t>(2, 77));
  t.add("ccdname", std::vector<std::string>{"N1", "N2"});
  t.add("plver", std::vector<std::string>{"V1.0", "V0.9"});
  t.add("plprocid", std::vector<std::string>{"abc", "abc"});
  fits::FitsWriter w;
  w.add_table(t);
  w.write(dir_ / "merged.fits");
  EXPECT_EQ(read_sky_calibration(std::vector{dir_ / "merged.fits"}, key_, {}).model(0, 0), 1);
}

TEST_F(SkyFiles, ATableWithoutVersionsNeedsOldCalibrationsAllowed) {
  const std::vector<fs::path> files{write("bare.fits", {"N1"}, {1}, "", false)};
  EXPECT_THROW(read_sky_calibration(files, key_, {}), Error);
  EXPECT_EQ(read_sky_calibration(files, key_, {.old_calibs_ok = true}).model(0, 0), 1);
}

// The CCD table's column was too narrow for the whole version.
TEST_F(SkyFiles, AVersionCutShortInTheCcdTableIsAccepted) {
  const std::vector<fs::path> files{write("long.fits", {"N1"}, {1}, "V1.0.2a")};
  EXPECT_EQ(read_sky_calibration(files, key_, {}).model(0, 0), 1);
}

TEST_F(SkyFiles, NoneAtAllIsAnErrorThatNamesWhereItLooked) {
  try {
    read_sky_calibration(std::vector{dir_ / "a.fits", dir_ / "b.fits"}, key_, {});
    FAIL() << "found something";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_NE(e.line().find("a.fits"), std::string::npos) << e.line();
    EXPECT_NE(e.line().find("b.fits"), std::string::npos) << e.line();
    EXPECT_NE(e.line().find("77"), std::string::npos) << e.line();
  }
}

TEST_F(SkyFiles, MergedGridsAreCutToTheirSize) {
  // Grids of 4 x 4 in a table padded to 5 x 6.
  fits::Table t;
  std::vector<float> padded(30, -1e6f);
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 4; ++x) padded[y * 5 + x] = static_cast<float>(10 * y + x);
  t.add("skyclass", std::vector<std::string>{"legacypipe.jumpsky.JumpSky"});
  t.add("gridw", std::vector<std::int64_t>{4});
  t.add("gridh", std::vector<std::int64_t>{4});
  t.add("gridvals", padded, "", {5, 6});
  t.add("xgrid", std::vector<std::int32_t>{0, 1, 2, 3, 0}, "", {5});
  t.add("ygrid", std::vector<std::int32_t>{0, 1, 2, 3, 0, 0}, "", {6});
  t.add("order", std::vector<std::uint8_t>{3});
  t.add("x0", std::vector<std::int32_t>{1});
  t.add("y0", std::vector<std::int32_t>{0});
  t.add("xbreak", std::vector<std::int32_t>{3});
  t.add("xjump", std::vector<float>{0.5f});
  const SkyModel sky = sky_from_row(t, 0);
  EXPECT_NEAR(sky(0, 2), 21, 1e-9);      // x + x0 = 1
  EXPECT_NEAR(sky(1.5, 1), 12.5, 1e-9);  // before the break
  EXPECT_NEAR(sky(2, 1), 13.5, 1e-9);    // at the break
}

TEST_F(SkyFiles, AnUnknownKindIsRefused) {
  fits::Table t;
  t.add("skyclass", std::vector<std::string>{"some.other.Sky"});
  EXPECT_THROW(sky_from_row(t, 0), Error);
}

TEST(CalibrationPaths, FollowTheSurveysLayout) {
  CcdValues ccd;
  ccd.image_filename = "decam/CP/V4.8.2a/CP20181213/c4d_181214_050844_ooi_g_ls9.S9.fits";
  ccd.ccdname = "S9";
  const std::string d = "decam/CP/V4.8.2a/CP20181213/", b = "c4d_181214_050844_ooi_g_ls9";
  EXPECT_EQ(ccd_image_name({}, ccd), b + "-S9");
  EXPECT_EQ(calibration_paths(CalibrationKind::kPsf, {}, ccd),
            (std::vector<std::string>{"psfex-single/" + d + b + "/" + b + "-S9-psfex.fits",
                                      "psfex/" + d + b + "-psfex.fits", d + b + "-psfex.fits"}));
  EXPECT_EQ(calibration_paths(CalibrationKind::kSky, {}, ccd),
            (std::vector<std::string>{"sky-single/" + d + b + "/" + b + "-S9-splinesky.fits",
                                      "sky/" + d + b + "-splinesky.fits", d + b + "-splinesky.fits"}));
  ccd.ccdname = "";
  EXPECT_EQ(ccd_image_name({}, ccd), b);
}

TEST(CalibrationPaths, AreWhatTheCamerasFactsSay) {
  CcdValues ccd;
  ccd.image_filename = "deep/x.fits.fz";
  ccd.ccdname = "A";
  ccd.expnum = 12;
  FileFacts files;
  files.calibration["sky"] = std::nullopt;
  files.calibration["sky_merged"] = "mine/{dir}/{expnum}-{base}-{ccd}.fits";
  EXPECT_EQ(calibration_paths(CalibrationKind::kSky, files, ccd),
            (std::vector<std::string>{"mine/deep/12-x-A.fits"}));
}

}  // namespace
}  // namespace brickline
