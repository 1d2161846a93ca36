// make-ccds --measure as a batch: what its tables and its page say of CCDs that are measured in part, or not at all.
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>

#include "core/zeropoints/measured_images.h"
#include "tests/zeropoints/simulated_sky.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using test::SimulatedSky;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

class MeasuredBatches : public testing::Test {
 protected:
  void SetUp() override {
    SimulatedSky::simulate(survey_, {{"--size", "260"}, {"--nexp", "1"}, {"--bands", "r"}});
  }
  fits::Table measure(const std::string& name, int exit_code, std::vector<std::string> more) {
    more.insert(more.end(), {"--name", name});
    SimulatedSky::measure(survey_, exit_code, more, survey_ / "gaia");
    return SimulatedSky::ccds(survey_, name);
  }

  test::TemporaryDirectory scratch_;
  fs::path survey_ = scratch_ / "survey";
};

TEST_F(MeasuredBatches, TellWhatWasFoundOfEachCcdByWhichFacts) {
  // Gaia's chunks have no synthetic photometry: the next catalog of the choice is taken, unless this one was asked for.
  const fs::path facts = scratch_ / "over.json", page = scratch_ / "page.html";
  std::ofstream(facts) << R"({"photometry": {"preferred_catalogue": ["gspc", "gaia"],
    "bands": {"r": {"extinction_per_airmass": 0.0789}},
    "catalogues": {"gspc": {"r": {"base": "r", "colour": ["g", "i"], "coefficients": [0]}},
                   "gaia": {"r": {"coefficients": [0.1, -0.25, 0.09], "error": 0.03}}}}})";
  const std::vector<std::string> linear = {"--astrometry", "linear", "--facts", facts.string()};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), linear.begin(), linear.end());
    return more;
  };
  const fits::Table found = measure("found", 0, with({"--report", page.string()}));
  EXPECT_EQ(found.text("zpt_source", 0), "stars:gaia");
  EXPECT_EQ(found.text("wcs_terms", 0), "linear");
  // What the facts say that the term is off by is part of the error.
  EXPECT_NEAR(found.number("ccdzpt_term_error", 0), 0.03, 1e-6);
  EXPECT_GT(found.number("ccdzpt_error", 0), 0.03);
  // The page has the errors, and draws by the facts that the zero points were measured with.
  EXPECT_THAT(text_of(page), AllOf(HasSubstr("\"ccdzpt_scatter\":"), HasSubstr("\"ccdraoff_error\":"),
                                   HasSubstr("\"ccddecoff_error\":"), HasSubstr("0.0789")));
  const auto report = [&](std::vector<std::string> more) {
    const fs::path drawn = scratch_ / "drawn.html";
    std::vector<std::string> words = {"report",
                                      (survey_ / "survey-ccds-found.fits.gz").string(),
                                      (survey_ / "zpt").string(),
                                      "--force",
                                      "--out",
                                      drawn.string(),
                                      "--plugin-dir",
                                      test::built_plugins().string()};
    words.insert(words.end(), more.begin(), more.end());
    const test::ProgramResult result = test::run_program(test::program("make-ccds"), words);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return text_of(drawn);
  };
  EXPECT_THAT(report({}), Not(HasSubstr("0.0789")));
  EXPECT_THAT(report({"--facts", facts.string()}), HasSubstr("0.0789"));

  const fits::Table asked = measure("asked", 6, with({"--photometry", "gspc"}));
  EXPECT_THAT(asked.text("err_message", 0), HasSubstr("gaia-chunks --gspc"));
  // Astrometry was found before, which without a zero point has no file.
  EXPECT_EQ(asked.text("wcs_file", 0), "");
  EXPECT_EQ(asked.text("wcs_terms", 0), "shift");
  EXPECT_TRUE(std::isnan(asked.number("wcs_error", 0)));
  EXPECT_TRUE(std::isfinite(asked.number("ccdraoff", 0)));

  const fits::Table stated = measure("stated", 0, with({"--zeropoint", "r=25"}));
  EXPECT_EQ(stated.text("wcs_terms", 0), "none");
  EXPECT_THAT(stated.text("wcs_message", 0), HasSubstr("stated"));
}

TEST_F(MeasuredBatches, HaveTheAirmassOfTimeAndPlaceWhereTheHeaderHasNone) {
  const fits::Table stated = measure("stated", 0, {});
  const fs::path image = survey_ / "images" / SimulatedSky::images(survey_).at(0);
  {
    fits::FitsReader reader(image);
    fits::Header primary = reader.header(0), plain;
    const fits::Header own = reader.header(1);
    primary.set("AIRMASS", -3.);
    primary.set("MJD-OBS", 58150.2);
    for (const fits::Card& card : own.cards())
      if (!card.key.starts_with("Z") && card.key != "XTENSION") plain.append(card);
    const Image<float> pixels = reader.image<float>(1);
    fits::FitsWriter writer;
    writer.add_empty_primary(primary);
    writer.add_image(pixels.const_view(), plain, "S4");
    writer.write(scratch_ / "changed.fits");
  }
  fs::copy_file(scratch_ / "changed.fits", image, fs::copy_options::overwrite_existing);
  const fits::Table computed = measure("computed", 0, {});
  const double airmass = computed.number("airmass", 0), before = stated.number("airmass", 0);
  EXPECT_NEAR(airmass, 1.242, 0.01);  // core/calib/airmass.h has the tests of it
  EXPECT_GT(std::abs(before - airmass), 0.02);
  constexpr double kExtinction = 0.09;  // of DECam's r
  EXPECT_NEAR(computed.number("transparency", 0) / stated.number("transparency", 0),
              std::pow(10, 0.4 * kExtinction * (airmass - before)), 1e-3);
}

// A signal that comes while a PSF is made is no failure of the CCD, also of the last one.
TEST_F(MeasuredBatches, AreInterruptedWhileACalibrationIsMade) {
  fs::remove_all(survey_ / "calib" / "psfex");
  fs::remove_all(survey_ / "calib" / "psfex-single");
  const fs::path programs = scratch_ / "programs";
  fs::create_directory(programs);
  for (const char* name : {"source-extractor", "psfex"}) {
    std::ofstream(programs / name) << "#!/bin/sh\nkill -TERM $PPID\nsleep 20\n";
    fs::permissions(programs / name, fs::perms::owner_all);
  }
  const test::ProgramResult result = test::run_program(
      test::program("make-ccds"),
      {"--measure", "--survey-dir", survey_.string(), "--plugin-dir", test::built_plugins().string(),
       "--gaia-dir", (survey_ / "gaia").string(), "--photometry", "gaia", "--name", "made"},
      {{"PATH", programs.string() + ":/usr/bin:/bin"}, {"LEGACY_SURVEY_DIR", ""}, {"DUST_DIR", ""}});
  EXPECT_EQ(result.exit_code, 75) << result.out << result.err;
  EXPECT_FALSE(fs::exists(survey_ / "survey-ccds-made.fits.gz"));
}

TEST(FactsLaidOver, CannotSayWhereHeadersHaveZeroPoints) {
  const test::TemporaryDirectory directory;
  const fs::path file = directory.path() / "over.json";
  std::ofstream(file) << R"({"photometry": {"bands": {"r": {"header_zero_point": {"key": "MAGZERO"}}}}})";
  try {
    read_facts_over(file);
    ADD_FAILURE() << "it was taken";
  } catch (const Error& e) {
    EXPECT_THAT(e.line(), AllOf(HasSubstr("over.json"), HasSubstr("photometry.bands.r.header_zero_point")));
  }
}

}  // namespace
}  // namespace brickline
