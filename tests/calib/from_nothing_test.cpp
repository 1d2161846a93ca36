// From images alone to a catalog: make-ccds, make-bricks, calibrate, runbrick, on a simulated survey of which only
// the images are kept. Fluxes must be as near to the truth as with the calibrations that the simulation ships.
//
// The survey is small so that the test is cheap; BRICKLINE_FROM_NOTHING=whole makes it one of 1900 pixels, three
// bands and two exposures, with 300 stars and more in each image, which takes minutes, and another of the camera of the
// SDK's guide (the example with sigma for weights, built by install.Sdk.ExamplesComeToTheTruth).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>

#include "core/calib/external_program.h"
#include "core/fits/fits_reader.h"
#include "core/psf/psfex.h"
#include "tests/support/run_program.h"
#include "tools/simulate_survey/compare.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

bool whole() {
  const char* word = std::getenv("BRICKLINE_FROM_NOTHING");
  return word && std::string(word) == "whole";
}

bool has_programs() {
  const std::optional<std::string> path = std::getenv("PATH") ? std::getenv("PATH") : "";
  return find_program({"source-extractor"}, path) && find_program({"psfex"}, path);
}

using Words = std::vector<std::string>;

Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Full width at half maximum of a stamp: the diameter of the circle that has the area of the pixels above half
// of the peak, pixels cut linearly along the rows.
double width_of(const Image<float>& stamp) {
  float peak = 0;
  for (int y = 0; y < stamp.height(); ++y)
    for (int x = 0; x < stamp.width(); ++x) peak = std::max(peak, stamp(x, y));
  double area = 0;
  for (int y = 0; y < stamp.height(); ++y)
    for (int x = 0; x + 1 < stamp.width(); ++x) {
      const double a = stamp(x, y) - peak / 2, b = stamp(x + 1, y) - peak / 2;
      area += a > 0 && b > 0 ? 1 : a > 0 ? a / (a - b) : b > 0 ? b / (b - a) : 0;
    }
  return 2 * std::sqrt(area / 3.14159265358979);
}

struct Sky {
  std::string camera, bands;
  Words simulated;    // options of simulate-survey
  Words zero_points;  // of make-ccds; empty: as the true table has them
  Words calibrated;   // of calibrate
  double side = 0;    // of an image, pixels
  int half = 0;  // of the middle that is run, brick pixels: with 70 bright sources widths are told to 5 %
  // How much wider than with the true calibrations fluxes may scatter: of bright sources over the truth, of all in units
  // of their errors.
  double flux_widths = 0, pull_widths = 0;
};

// --zeropoint for each band of a table.
Words stated_zero_points(const fs::path& table) {
  const fits::Table ccds = fits::FitsReader(table).table(1);
  std::map<std::string, double> found;
  for (std::int64_t i = 0; i < ccds.rows(); ++i) found[ccds.text("filter", i)] = ccds.number("ccdzpt", i);
  Words words;
  for (const auto& [band, mag] : found)
    words = words + Words{"--zeropoint", band + "=" + std::to_string(mag)};
  return words;
}

void compare_from_nothing(const Sky& sky) {
  SCOPED_TRACE(sky.camera);
  test::TemporaryDirectory scratch;
  const fs::path shipped = scratch / "shipped", own = scratch / "own";
  const Words plugins = {"--plugin-dir", test::built_plugins().string(), "--plugin-dir",
                         (fs::path(BRICKLINE_BUILD_DIR) / "tests/examples/cameras").string()};
  const auto run = [](const std::string& name, const Words& words) {
    const test::ProgramResult result =
        test::run_program(test::program(name), words, {{"LEGACY_SURVEY_DIR", ""}});
    EXPECT_EQ(result.exit_code, 0) << name << ": " << result.out << result.err;
    return result.out;
  };
  std::istringstream region_text(
      run("simulate-survey", Words{shipped.string(), "--quiet", "--seed", "5"} + sky.simulated));
  Words region{std::istream_iterator<std::string>(region_text), {}};
  ASSERT_EQ(region.size(), 7u);
  for (const std::size_t low : {3, 5}) {
    const int middle = (std::stoi(region[low]) + std::stoi(region[low + 1])) / 2;
    region[low] = std::to_string(middle - sky.half);
    region[low + 1] = std::to_string(middle + sky.half);
  }

  fs::create_directories(own);
  fs::copy(shipped / "images", own / "images", fs::copy_options::recursive);
  const Words zero_points =
      sky.zero_points.empty() ? stated_zero_points(shipped / "survey-ccds-sim.fits.gz") : sky.zero_points;
  EXPECT_THAT(run("make-ccds", Words{"--survey-dir", own.string()} + zero_points + plugins),
              HasSubstr("0 problems"));
  run("make-bricks", {"--survey-dir", own.string(), "--region", "149", "151", "1", "3"});
  const Words calibrate = Words{"--survey-dir", own.string(), "--threads", "2"} + sky.calibrated + plugins;
  EXPECT_THAT(run("calibrate", calibrate + Words{"--dry-run"}), HasSubstr("psf to be made: there is none"));
  EXPECT_THAT(run("calibrate", calibrate), HasSubstr("0 failed"));
  EXPECT_THAT(run("calibrate", calibrate), HasSubstr("already valid"));
  EXPECT_EQ(run("calibrate", calibrate + Words{"--dry-run"}), "");
  if (testing::Test::HasFailure()) return;

  // The PSF's width against the simulation's, at the centre and in the corners.
  for (const std::string& name : test::files_below(own / "calib/psfex-single")) {
    const fits::Table made = fits::FitsReader(own / "calib/psfex-single" / name).table(1);
    const std::string base = fs::path(name).parent_path().string();
    const fits::Table truth = fits::FitsReader(shipped / "calib/psfex" / (base + "-psfex.fits")).table(1);
    const Psf ours = psf_from_psfex_row(made, 0, true), theirs = psf_from_psfex_row(truth, 0, true);
    const double middle = sky.side / 2;
    EXPECT_NEAR(width_of(ours.stamp(middle, middle)) / width_of(theirs.stamp(middle, middle)), 1, 0.03)
        << name;
    for (const double x : {0., sky.side})
      for (const double y : {0., sky.side})
        EXPECT_NEAR(width_of(ours.stamp(x, y)) / width_of(theirs.stamp(x, y)), 1, 0.05) << name;
  }

  std::vector<simulate::Comparison> found;
  for (const fs::path& survey : {shipped, own}) {
    const fs::path out = scratch / (survey.filename().string() + "-out");
    run("runbrick", Words{"--survey-dir", survey.string(), "--outdir", out.string(), "--bands", sky.bands,
                          "--no-gaia", "--no-wise", "--threads", "2"} +
                        region + plugins);
    if (testing::Test::HasFailure()) return;
    found.push_back(simulate::compare_with_truth(shipped, out));
  }
  ASSERT_EQ(found[0].bands.size(), found[1].bands.size());
  for (std::size_t b = 0; b < found[0].bands.size(); ++b) {
    const simulate::BandComparison &with_true = found[0].bands[b], &with_own = found[1].bands[b];
    std::cout << with_true.band << ": median " << with_true.bright_bias << " and " << with_own.bright_bias
              << ", width " << with_true.bright_scatter << " and " << with_own.bright_scatter << " of "
              << with_own.bright << "; pulls' width " << with_true.pull_width << " and "
              << with_own.pull_width << ", scaled " << with_true.scaled_pull_width << " and "
              << with_own.scaled_pull_width << "\n";
    EXPECT_GE(with_own.bright, 10);
    EXPECT_NEAR(with_own.bright_bias, with_true.bright_bias, 0.01) << with_true.band;
    EXPECT_LT(with_own.bright_scatter, sky.flux_widths * with_true.bright_scatter) << with_true.band;
    // Of all sources in units of their errors; and when what the median shows is taken out.
    EXPECT_LT(with_own.pull_width, sky.pull_widths * with_true.pull_width) << with_true.band;
    EXPECT_LT(with_own.scaled_pull_width, sky.pull_widths * with_true.scaled_pull_width) << with_true.band;
  }
}

TEST(FromNothing, ImagesAloneBecomeACatalogAsGoodAsWithTheTrueCalibrations) {
  if (!has_programs()) GTEST_SKIP() << "source-extractor and psfex are not installed (tools/setup.sh)";
  if (!whole()) {
    // Stamps of 63 pixels and a polynomial of 6 terms take psfex ten seconds for a small image, too; smaller stamps
    // would lose a percent of the light. Thirty sources tell a width to a fifth.
    compare_from_nothing(
        {"decam",
         "r",
         {"--size", "900", "--bands", "r", "--nexp", "1", "--star-density", "12", "--density", "8"},
         {"--zeropoint-card", "MAGZERO"},
         {"--set", "psf.size_pixels=51", "--set", "psf.degree=1"},
         1000,
         350,
         1.3,
         1.3});
    return;
  }
  const Words deep = {"--bands", "grz", "--nexp", "2"};
  compare_from_nothing({"decam",
                        "g,r,z",
                        deep + Words{"--size", "1900", "--star-density", "15", "--density", "15"},
                        {"--zeropoint-card", "MAGZERO"},
                        {},
                        2000,
                        600,
                        1.1,
                        1.1});
  // A smaller chip with wider pixels: PSFs of 2.9 of them in z. In boxes of the usual size, half of its own, the sky's
  // gradient would be flat at the edges. Its images' WCS are true: by how much one is off is measured against reference
  // stars, no calibration tells it, and it widens fluxes by such narrow PSFs by a tenth.
  compare_from_nothing({"sigma",
                        "g,r,z",
                        deep + Words{"--size", "1500", "--layout", "sigma", "--scatter", "0",
                                     "--astrometric-offset", "0", "--star-density", "15", "--density", "15"},
                        {},
                        {"--set", "psf.size_pixels=41", "--set", "sky.box_pixels=256"},
                        1000,
                        720,
                        1.1,
                        1.1});
}

}  // namespace
}  // namespace brickline
