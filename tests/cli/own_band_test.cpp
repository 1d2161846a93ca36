// A camera that somebody else brings, with a band that the pipeline has never heard of, goes through like any
// other.
#include <gtest/gtest.h>

#include <cmath>

#include "core/fits/fits_reader.h"
#include "tests/support/run_program.h"

namespace brickline::test {
namespace {

TEST(OwnBand, ASimulatedBrickOfATestPluginsCameraBecomesACatalog) {
  TemporaryDirectory scratch;
  const std::string survey = (scratch / "survey").string(), out = (scratch / "out").string();
  const ProgramResult simulated = run_program(
      program("simulate-survey"), {survey, "--seed", "3", "--size", "150", "--nexp", "1", "--camera-name",
                                   "minimal", "--bands", "NB_Q", "--filter-map", "NB_Q=g", "--quiet"});
  ASSERT_EQ(simulated.exit_code, 0) << simulated.err;

  std::vector<std::string> words = {
      "--survey-dir",
      survey,
      "--outdir",
      out,
      "--bands",
      "NB_Q",
      "--no-wise",
      "--plugin-dir",
      (std::filesystem::path(BRICKLINE_BUILD_DIR) / "tests/plugins/good").string()};
  std::istringstream region(simulated.out);  // "--brick NAME --zoom x0 x1 y0 y1"
  for (std::string word; region >> word;) words.push_back(word);
  const ProgramResult run = run_program(program("runbrick"), words, {{"BRICKLINE_PLUGIN_PATH", ""}});
  ASSERT_EQ(run.exit_code, 0) << run.err;

  std::string catalog;
  bool image = false, picture = false;
  for (const std::string& name : files_below(out)) {
    if (name.starts_with("tractor/") && name.ends_with(".fits")) catalog = name;
    image |= name.ends_with("-image-NB_Q.fits.fz");
    picture |= name.ends_with("-image.jpg");
  }
  EXPECT_TRUE(image);
  EXPECT_TRUE(picture);
  ASSERT_FALSE(catalog.empty());
  fits::FitsReader reader(std::filesystem::path(out) / catalog);
  const fits::Table table = reader.table(1);
  ASSERT_TRUE(table.has("flux_NB_Q"));
  const fits::Table truth = fits::FitsReader(std::filesystem::path(survey) / "truth.fits").table(1);
  // Every bright source is there, with its flux to 10 %.
  int bright = 0, found = 0;
  for (std::int64_t t = 0; t < truth.rows(); ++t) {
    const double flux = truth.number("flux_NB_Q", t);
    if (flux < 3) continue;
    ++bright;
    for (std::int64_t r = 0; r < table.rows(); ++r)
      if (std::hypot(table.number("ra", r) - truth.number("ra", t),
                     table.number("dec", r) - truth.number("dec", t)) < 0.5 / 3600 &&
          std::abs(table.number("flux_NB_Q", r) / flux - 1) < 0.1) {
        ++found;
        break;
      }
  }
  EXPECT_GT(bright, 0);
  EXPECT_EQ(found, bright);
  // Who read the images is on record.
  const fits::Header header = reader.header(0);
  bool recorded = false;
  for (const fits::Card& card : header.cards())
    if (const auto* text = std::get_if<std::string>(&card.value))
      recorded |= text->find("minimal 1.2.3") != std::string::npos;
  EXPECT_TRUE(recorded);
}

TEST(OwnBand, DetectionLooksForTheSedsThatTheCameraSpeaksOf) {
  TemporaryDirectory scratch;
  const std::string survey = (scratch / "survey").string(), out = (scratch / "out").string();
  const ProgramResult simulated = run_program(
      program("simulate-survey"), {survey, "--seed", "3", "--size", "100", "--nexp", "1", "--camera-name",
                                   "minimal", "--bands", "g,NB_Q", "--filter-map", "NB_Q=g", "--quiet"});
  ASSERT_EQ(simulated.exit_code, 0) << simulated.err;
  std::vector<std::string> words = {
      "--survey-dir", survey,
      "--outdir",     out,
      "--bands",      "g,NB_Q",
      "--stage",      "srcs",
      "-v",           "-v",
      "--plugin-dir", (std::filesystem::path(BRICKLINE_BUILD_DIR) / "tests/plugins/good").string()};
  std::istringstream region(simulated.out);  // "--brick NAME --zoom x0 x1 y0 y1"
  for (std::string word; region >> word;) words.push_back(word);
  const ProgramResult run = run_program(program("runbrick"), words, {{"BRICKLINE_PLUGIN_PATH", ""}});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const char* sed : {"detection NB_Q:", "detection g:", "detection Flat:", "detection LineEmitter:"})
    EXPECT_NE(run.err.find(sed), std::string::npos) << sed << "\n" << run.err;
  EXPECT_EQ(run.err.find("detection Red:"), std::string::npos);
}

}  // namespace
}  // namespace brickline::test
