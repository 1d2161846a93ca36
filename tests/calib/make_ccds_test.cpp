// make-ccds and make-bricks as their users meet them, on a small simulated survey.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "tests/support/run_program.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class MakeCcds : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs::exists(small_)) << small_ << ": made by the test cli.simulate_survey";
    fs::create_directories(survey_);
    fs::copy(small_ / "images", survey_ / "images", fs::copy_options::recursive);
  }
  test::ProgramResult run(const std::string& program, std::vector<std::string> words) const {
    return test::run_program(test::program(program), words, {{"LEGACY_SURVEY_DIR", ""}});
  }
  test::ProgramResult make(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"--survey-dir", survey_.string(), "--plugin-dir",
                                      test::built_plugins().string()};
    words.insert(words.end(), more.begin(), more.end());
    return run("make-ccds", words);
  }
  fits::Table table(const std::string& name = "made") const {
    return fits::FitsReader(survey_ / ("survey-ccds-" + name + ".fits.gz")).table(1);
  }
  // The image of a band, and the same with other cards in its primary header.
  fs::path image(const std::string& band) const {
    for (const std::string& name : test::files_below(survey_ / "images"))
      if (name.find("_ooi_" + band + "_") != std::string::npos) return survey_ / "images" / name;
    return {};
  }
  void rewrite(const fs::path& file, const std::vector<std::string>& without) const {
    fits::FitsReader reader(file);
    const fits::Header before = reader.header(0);
    fits::Header primary;
    for (const fits::Card& card : before.cards())
      if (std::find(without.begin(), without.end(), card.key) == without.end()) primary.append(card);
    const Image<float> pixels = reader.image<float>(1);
    fits::FitsWriter writer;
    writer.add_empty_primary(primary);
    writer.add_image(pixels.view(), reader.header(1), reader.header(1).text("EXTNAME").value_or(""));
    writer.write(scratch_ / "rewritten.fits");
    fs::rename(scratch_ / "rewritten.fits", file);
  }

  const fs::path small_ = fs::path(BRICKLINE_BUILD_DIR) / "tests/data/small-survey";
  test::TemporaryDirectory scratch_;
  const fs::path survey_ = scratch_ / "survey";
};

TEST_F(MakeCcds, TheTableIsTheSurveysOwnInAllThatImagesSay) {
  const auto result = make({"--zeropoint-card", "MAGZERO"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("3 CCDs of 9 files (6 are masks or weights of others), 0 problems"));
  const fits::Table made = table(), truth = fits::FitsReader(small_ / "survey-ccds-sim.fits.gz").table(1);
  ASSERT_EQ(made.rows(), 3);
  for (std::int64_t i = 0; i < made.rows(); ++i) {
    std::int64_t j = 0;
    while (truth.integer("expnum", j) != made.integer("expnum", i)) ++j;
    for (const char* column :
         {"camera", "image_filename", "ccdname", "filter", "plver", "plprocid", "propid"})
      EXPECT_EQ(made.text(column, i), truth.text(column, j)) << column;
    for (const char* column : {"width", "height", "image_hdu", "exptime", "mjd_obs", "crval1", "crval2"})
      EXPECT_EQ(made.number(column, i), truth.number(column, j)) << column;
    EXPECT_NEAR(made.number("crpix1", i), truth.number("crpix1", j), 1e-3);
    EXPECT_NEAR(made.number("cd1_2", i), truth.number("cd1_2", j), 1e-11);
    EXPECT_NEAR(made.number("ra", i), truth.number("ra", j), 1e-7);
    EXPECT_NEAR(made.number("ccdzpt", i), truth.number("ccdzpt", j), 1e-4);
    EXPECT_NEAR(made.number("sig1", i) / truth.number("sig1", j), 1, 1e-3);
    EXPECT_NEAR(made.number("fwhm", i) / truth.number("fwhm", j), 1, 0.02);
    EXPECT_NEAR(made.number("ccdskycounts", i) / truth.number("ccdskycounts", j), 1, 0.02);
    EXPECT_EQ(made.text("zpt_source", i), "header");
  }
}

TEST_F(MakeCcds, ZeroPointsComeFromWhatIsStatedElseTheCamera) {
  EXPECT_EQ(make({"--zeropoint", "g=24.5"}).exit_code, 0);
  const fits::Table made = table();
  for (std::int64_t i = 0; i < made.rows(); ++i) {
    const bool stated = made.text("filter", i) == "g";
    EXPECT_EQ(made.text("zpt_source", i), stated ? "option" : "nominal");
    if (stated) {
      EXPECT_NEAR(made.number("ccdzpt", i), 24.5, 1e-5);
    }
    if (made.text("filter", i) == "z") {
      EXPECT_NEAR(made.number("ccdzpt", i), 24.875, 1e-5);
    }
  }
  // The word that follows is an image, no second value.
  const auto one = make({"--name", "one", "--zeropoint", "g=24.5", image("g").string()});
  EXPECT_THAT(one.out, HasSubstr("1 CCDs of 1 files")) << one.err;
}

TEST_F(MakeCcds, TheSkyLevelIsWhatTheCameraSaysThatItIs) {
  const auto levels = [&](const std::string& estimate) {
    const fs::path cameras = scratch_ / "cameras";
    fs::create_directories(cameras);
    std::ofstream(cameras / "other.camera.json")
        << R"({"plugin": {"plugin": "other", "version": "1.0.0", "cameras": [{"name": "other"}]}, "extends": "decam",
               "sky_estimate": )" +
               estimate + "}";
    return make({"--force", "--plugin-dir", cameras.string(), "--camera", "other", "--zeropoint", "z=25",
                 image("z").string()});
  };
  auto result = levels(R"("zero")");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(table().number("ccdskycounts", 0), 0);
  EXPECT_TRUE(std::isnan(table().number("ccdskysb", 0)));
  result = levels(R"({"key": "AIRMASS"})");  // any number of the header
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const fits::Table made = table();
  const double level = *fits::FitsReader(image("z")).header(0).number("AIRMASS") / made.number("exptime", 0);
  EXPECT_NEAR(made.number("ccdskycounts", 0), level, 1e-6);
  EXPECT_NEAR(made.number("ccdskysb", 0), 25 - 2.5 * std::log10(level / std::pow(0.262, 2)), 0.01);
  result = levels(R"({"key": "SKYADU"})");
  EXPECT_EQ(result.exit_code, 3) << result.out;
  EXPECT_THAT(result.err, HasSubstr("the header does not say the sky level: SKYADU in the header"));
}

TEST_F(MakeCcds, EverythingThatIsMissingIsListedWithWhatWouldHelp) {
  rewrite(image("g"), {"FILTER", "EXPTIME"});
  rewrite(image("z"), {"INSTRUME"});
  std::ofstream(survey_ / "images/notes.fits") << "no image";
  std::ofstream(survey_ / "images/weather.txt") << "clear";
  const auto result = make();
  EXPECT_EQ(result.exit_code, 6) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("1 CCDs"));
  EXPECT_THAT(result.err, AllOf(HasSubstr("_ooi_g_"), HasSubstr("[1]: the header does not say the band"),
                                HasSubstr("FILTER in the header"), HasSubstr("metadata.band"),
                                HasSubstr("the header does not say the exposure time")));
  EXPECT_THAT(result.err, AllOf(HasSubstr("no camera claims its header (which has no INSTRUME)"),
                                HasSubstr("--camera NAME")));
  EXPECT_THAT(result.err, HasSubstr("notes.fits: it cannot be read"));
  EXPECT_THAT(result.err, testing::Not(HasSubstr("weather.txt")));
  EXPECT_THAT(make({"--name", "weather", (survey_ / "images/weather.txt").string()}).err,
              HasSubstr("weather.txt: it cannot be read"));
}

TEST_F(MakeCcds, ATableIsNotReplacedUnasked) {
  EXPECT_EQ(make().exit_code, 0);
  const auto again = make();
  EXPECT_EQ(again.exit_code, 3);
  EXPECT_THAT(again.err, HasSubstr("--force"));
  EXPECT_EQ(make({"--force"}).exit_code, 0);
  EXPECT_EQ(make({"--name", "other", "--camera", "nobody"}).exit_code, 5);
}

TEST_F(MakeCcds, TablesAreJoinedAndCut) {
  EXPECT_EQ(make().exit_code, 0);
  const std::string made = (survey_ / "survey-ccds-made.fits.gz").string();
  const std::string joined = (scratch_ / "joined.fits").string();
  const std::string shipped = (small_ / "survey-ccds-sim.fits.gz").string();
  const auto merged = run("make-ccds", {"merge", joined, made, shipped});
  EXPECT_EQ(merged.exit_code, 0) << merged.err;
  EXPECT_THAT(merged.out, HasSubstr("6 CCDs of 2 tables"));

  const std::int64_t bad = table().integer("expnum", 0);
  std::ofstream(scratch_ / "bad") << bad << "-s4 clouds\n";
  const auto cut = run("make-ccds", {"cut", made, "--bad-exposures", (scratch_ / "bad").string(),
                                     "--plugin-dir", test::built_plugins().string()});
  EXPECT_EQ(cut.exit_code, 0) << cut.err;
  EXPECT_THAT(cut.out, AllOf(testing::ContainsRegex("badexp_file +1\n"), HasSubstr("1 of 3 CCDs are cut")));
  EXPECT_EQ(table().integer("ccd_cuts", 0), 0x200);
  EXPECT_EQ(table().integer("ccd_cuts", 1), 0);
}

TEST_F(MakeCcds, BricksOfARegionAreThoseOfTheTiling) {
  const std::string file = (scratch_ / "bricks.fits").string();
  const auto result = run("make-bricks", {"--out", file, "--region", "359.9", "0.2", "-0.1", "0.1"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const fits::Table bricks = fits::FitsReader(file).table(1);
  ASSERT_EQ(bricks.rows(), 2);
  EXPECT_EQ(bricks.text("brickname", 0), "0001p000");
  EXPECT_EQ(bricks.text("brickname", 1), "3598p000");
  EXPECT_EQ(bricks.integer("brickid", 0), 330368);
  EXPECT_EQ(run("make-bricks", {"--out", file}).exit_code, 3);
  EXPECT_EQ(run("make-bricks", {"--out", (scratch_ / "x").string(), "--size", "0.7"}).exit_code, 2);
}

}  // namespace
}  // namespace brickline
