// World coordinates that are rotated, scaled and bent: what is fitted, what is written, and that runs apply it.
#include "core/zeropoints/astrometric_terms.h"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "core/wcs/sky.h"
#include "tests/zeropoints/simulated_sky.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using test::SimulatedSky;
using testing::HasSubstr;

constexpr int kWidth = 2046, kHeight = 4094;

// Far from the tangent point, and bent, as a camera's outer CCD is.
Wcs bent_wcs() {
  fits::Header h;
  h.set("CTYPE1", "RA---TAN-SIP");
  h.set("CTYPE2", "DEC--TAN-SIP");
  h.set("CRVAL1", 359.9);
  h.set("CRVAL2", 62.0);
  h.set("CRPIX1", 5000.0);
  h.set("CRPIX2", -3000.0);
  h.set("CD1_1", -7.3e-5);
  h.set("CD1_2", 2e-6);
  h.set("CD2_1", 2e-6);
  h.set("CD2_2", 7.3e-5);
  h.set("A_ORDER", std::int64_t{3});
  h.set("B_ORDER", std::int64_t{3});
  h.set("A_3_0", 3e-11);
  h.set("B_1_2", -4e-11);
  return Wcs::from_header(h, kWidth, kHeight);
}

AstrometricTerms true_terms() {
  AstrometricTerms t;
  t.order = AstrometricOrder::kQuadratic;
  t.width = kWidth;
  t.height = kHeight;
  t.terms = {{{0.1, 0.05, -0.02, 0.04, -0.03, 0.06}, {-0.2, 0.01, 0.07, -0.05, 0.02, 0.03}}};
  return t;
}

std::vector<AstrometricStar> stars_of(const AstrometricTerms& terms, int n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  std::vector<AstrometricStar> out;
  for (int i = 0; i < n; ++i) {
    AstrometricStar s;
    s.x = uniform(random) * (kWidth - 1);
    s.y = uniform(random) * (kHeight - 1);
    s.error = 0.002 + 0.02 * uniform(random);
    // They scatter by 5 mas beside their errors; every tenth is something else.
    const double sigma = std::hypot(s.error, 0.005);
    const std::array<double, 2> at = terms.at(s.x, s.y);
    s.ra_offset = at[0] + sigma * normal(random) + (i % 10 == 3 ? 0.5 : 0);
    s.dec_offset = at[1] + sigma * normal(random) - (i % 10 == 3 ? 0.8 : 0);
    out.push_back(s);
  }
  return out;
}

TEST(AstrometricTerms, AreFoundAmongOutliersWithTheirErrors) {
  const AstrometricTerms truth = true_terms();
  const AstrometricTermOptions options{.order = AstrometricOrder::kQuadratic};
  double pulls = 0;
  int n = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::string why;
    const auto found = fit_astrometric_terms(stars_of(truth, 300, seed), kWidth, kHeight, options, why);
    ASSERT_TRUE(found) << why;
    EXPECT_EQ(found->order, AstrometricOrder::kQuadratic);
    EXPECT_NEAR(found->stars, 270, 8);
    EXPECT_LT(found->error, 0.006);
    EXPECT_NEAR(found->ra_rms, 0.0145, 0.003);
    for (const auto& [x, y] :
         {std::pair{0., 0.}, {kWidth - 1., 0.}, {0., kHeight - 1.}, {kWidth - 1., kHeight - 1.}})
      for (std::size_t axis = 0; axis < 2; ++axis) {
        pulls += std::pow((found->at(x, y)[axis] - truth.at(x, y)[axis]) / found->error, 2);
        ++n;
      }
  }
  EXPECT_GT(std::sqrt(pulls / n), 0.7);
  EXPECT_LT(std::sqrt(pulls / n), 1.2);
}

TEST(AstrometricTerms, AreOfALowerOrderWhereStarsAreFewOrFarFromTheCorners) {
  const AstrometricTermOptions options{.order = AstrometricOrder::kQuadratic};
  std::string why;
  const auto linear = fit_astrometric_terms(
      stars_of(AstrometricTerms{.width = kWidth, .height = kHeight}, 25, 1), kWidth, kHeight, options, why);
  ASSERT_TRUE(linear);
  EXPECT_EQ(linear->order, AstrometricOrder::kLinear);
  EXPECT_THAT(why, HasSubstr("quadratic terms: 25 stars of Gaia, they need 30"));
  why.clear();
  EXPECT_FALSE(fit_astrometric_terms(stars_of(true_terms(), 12, 1), kWidth, kHeight, options, why));
  EXPECT_THAT(why, HasSubstr("linear terms: 12 stars of Gaia, they need 15"));
  why.clear();
  std::vector<AstrometricStar> together =
      stars_of(AstrometricTerms{.width = kWidth, .height = kHeight}, 60, 2);
  for (AstrometricStar& s : together) {
    s.x = 100 + s.x / 20;
    s.y = 100 + s.y / 20;
  }
  EXPECT_FALSE(fit_astrometric_terms(together, kWidth, kHeight, options, why));
  EXPECT_THAT(why, HasSubstr("arcsec in a corner"));
}

TEST(AstrometricTerms, AreInTheCardsAsTheyWereFittedWithTheTablesShift) {
  const Wcs wcs = bent_wcs();
  const AstrometricTerms terms = true_terms();
  // What a table's shift is at the CCD's other declinations is with_offset's affair.
  constexpr double kRaShift = 1.1, kDecShift = -0.9;
  const Wcs corrected =
      Wcs::from_header(corrected_wcs_cards(wcs, terms, kRaShift, kDecShift), kWidth, kHeight)
          .with_offset(kRaShift / 3600, kDecShift / 3600);
  for (const double x : {0., 400., 1500., kWidth - 1.})
    for (const double y : {0., 700., 2500., kHeight - 1.}) {
      const SkyPosition before = wcs.pixel_to_sky(x, y), after = corrected.pixel_to_sky(x, y);
      const std::array<double, 2> by = terms.at(x, y);
      const double cos_dec = std::cos(before.dec * 3.14159265358979 / 180);
      EXPECT_NEAR(ra_difference(after.ra, before.ra) * cos_dec * 3600, by[0], 2e-4);
      EXPECT_NEAR((after.dec - before.dec) * 3600, by[1], 2e-4);
    }
}

// A run of the simulated region in r, without catalogs.
test::ProgramResult run_brick(const fs::path& survey, const fs::path& outdir,
                              const std::vector<std::string>& more = {}) {
  nlohmann::json sim;
  std::ifstream(survey / "sim.json") >> sim;
  std::vector<std::string> words = {"--survey-dir",
                                    survey.string(),
                                    "--outdir",
                                    outdir.string(),
                                    "--plugin-dir",
                                    test::built_plugins().string(),
                                    "--bands",
                                    "r",
                                    "--no-gaia",
                                    "--no-tycho",
                                    "--no-large-galaxies",
                                    "--no-star-clusters",
                                    "--no-wise",
                                    "--no-page"};
  words.insert(words.end(), more.begin(), more.end());
  words.insert(words.end(), {"--brick", sim["brick"].get<std::string>(), "--zoom"});
  for (const auto& edge : sim["zoom"]) words.push_back(std::to_string(edge.get<int>()));
  return test::run_program(test::program("runbrick"), words, {{"LEGACY_SURVEY_DIR", ""}});
}

// The stars of a run's catalog against the truth.
struct Positions {
  int stars = 0;
  double rms = 0;  // arcsec, robust, per axis
};
Positions positions_of(const fs::path& survey, const fs::path& out) {
  fs::path file;
  for (const auto& entry : fs::recursive_directory_iterator(out / "tractor"))
    if (entry.path().filename().string().starts_with("tractor-")) file = entry.path();
  const fits::Table found = fits::FitsReader(file).table(1),
                    truth = fits::FitsReader(survey / "truth.fits").table(1);
  std::vector<double> apart;
  for (std::int64_t i = 0; i < truth.rows(); ++i) {
    if (truth.text("type", i) != "PSF" || truth.number("flux_r", i) < 10) continue;
    for (std::int64_t k = 0; k < found.rows(); ++k) {
      const double ra = ra_difference(found.number("ra", k), truth.number("ra", i)) *
                        std::cos(truth.number("dec", i) * 3.14159265358979 / 180) * 3600,
                   dec = (found.number("dec", k) - truth.number("dec", i)) * 3600;
      if (std::hypot(ra, dec) < 0.5) apart.insert(apart.end(), {std::abs(ra), std::abs(dec)});
    }
  }
  Positions p;
  p.stars = static_cast<int>(apart.size() / 2);
  std::sort(apart.begin(), apart.end());
  p.rms = apart.empty() ? 1e9 : 1.4826 * apart[apart.size() / 2];
  return p;
}

TEST(AstrometricTerms, BringARotatedAndScaledCcdToItsPlaceInRunsFromAKdTreeTable) {
  test::TemporaryDirectory scratch;
  const fs::path survey = scratch / "survey";
  SimulatedSky::simulate(survey, {{"--size", "260"}, {"--nexp", "1"}, {"--bands", "r"}, {"--density", "3"}});
  const auto run = [&](const std::string& name) {
    // The table as a search tree, alone in the survey.
    const fs::path table = survey / ("survey-ccds-" + name + ".fits.gz"),
                   tree = survey / ("survey-ccds-" + name + ".kd.fits");
    test::ProgramResult result =
        test::run_program(test::program("make-ccds"), {"tree", table.string(), tree.string()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    fs::remove(table);
    result = run_brick(survey, scratch / name);
    fs::remove(tree);
    return result;
  };
  // As the images are, then with a header that is off by 0.1 arcsec in the corners.
  const test::ProgramResult straight = run("sim");
  ASSERT_EQ(straight.exit_code, 0) << straight.err;
  const std::string image = SimulatedSky::images(survey).at(0);
  SimulatedSky::change_header(survey / "images" / image, [](fits::Header& h) {
    constexpr double kTurn = 1e-3, kStretch = 1e-3;
    for (const char* row : {"CD1", "CD2"}) {
      const std::string x = std::string(row) + "_1", y = std::string(row) + "_2";
      const double a = h.require_number(x), b = h.require_number(y);
      h.set(x, (1 + kStretch) * (a + kTurn * b));
      h.set(y, (1 + kStretch) * (b - kTurn * a));
    }
  });
  SimulatedSky::measure(survey, 0, {"--photometry", "gaia", "--name", "shift"}, survey / "gaia");
  const test::ProgramResult shifted = run("shift");
  ASSERT_EQ(shifted.exit_code, 0) << shifted.err;
  SimulatedSky::measure(survey, 0, {"--photometry", "gaia", "--name", "linear", "--astrometry", "linear"},
                        survey / "gaia");
  const fits::Table made = SimulatedSky::ccds(survey, "linear");
  EXPECT_EQ(made.text("wcs_terms", 0), "linear");
  EXPECT_NEAR(made.number("wcs_largest", 0), 0.1, 0.03);
  EXPECT_LT(made.number("wcs_rarms", 0), 0.03);
  EXPECT_LT(made.number("wcs_error", 0), 0.015);
  // The annotated table has the corners where runs have them.
  for (const auto& entry : fs::recursive_directory_iterator(survey / "zpt")) {
    if (!entry.path().string().ends_with("-annotated.fits")) continue;
    const fits::Table annotated = fits::FitsReader(entry.path()).table(1);
    fits::FitsReader side(survey / "calib" / made.text("wcs_file", 0));
    const int width = static_cast<int>(made.number("width", 0)),
              height = static_cast<int>(made.number("height", 0));
    const SkyPosition corner =
        Wcs::from_header(side.header(1), width, height)
            .with_offset(made.number("ccdraoff", 0) / 3600, made.number("ccddecoff", 0) / 3600)
            .pixel_to_sky(0, 0);
    EXPECT_NEAR(ra_difference(annotated.number("ra0", 0), corner.ra) * 3600, 0, 0.005);
    EXPECT_NEAR((annotated.number("dec0", 0) - corner.dec) * 3600, 0, 0.005);
  }
  const test::ProgramResult corrected = run("linear");
  ASSERT_EQ(corrected.exit_code, 0) << corrected.err;
  const Positions best = positions_of(survey, scratch / "sim"),
                  before = positions_of(survey, scratch / "shift"),
                  after = positions_of(survey, scratch / "linear");
  EXPECT_GT(before.stars, 15);
  EXPECT_GT(after.stars, 15);
  EXPECT_GT(before.rms, 0.02);
  EXPECT_LT(after.rms, std::hypot(best.rms, 0.004));

  // Without the file that the table names, and with that of another measurement, nothing is run.
  SimulatedSky::measure(survey, 0, {"--photometry", "gaia", "--name", "again", "--astrometry", "linear"},
                        survey / "gaia");
  const fs::path file = survey / "calib" / SimulatedSky::ccds(survey, "again").text("wcs_file", 0);
  ASSERT_TRUE(fs::exists(file));
  const fs::path table = survey / "survey-ccds-again.fits.gz", kept = scratch / "kept.fits.gz";
  fs::copy_file(table, kept);
  SimulatedSky::change_header(
      file, [](fits::Header& h) { h.set("WCSDEOFF", h.require_number("WCSDEOFF") + 0.01); });
  const test::ProgramResult other = run("again");
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_THAT(other.err, testing::AllOf(HasSubstr("-wcs.fits"), HasSubstr("ccddecoff")));
  fs::copy_file(kept, table);
  fs::remove(file);
  const test::ProgramResult without = run("again");
  EXPECT_EQ(without.exit_code, 3);
  EXPECT_THAT(without.err, HasSubstr("-wcs.fits"));
}

TEST(AstrometricTerms, HoldTheShiftOfCamerasWhoseTablesOffsetsAreNotAppliedAndAreFoundForCcdsWithoutAName) {
  test::TemporaryDirectory scratch;
  const fs::path survey = scratch / "survey", cameras = scratch / "cameras";
  fs::create_directory(cameras);
  std::ofstream(cameras / "still.camera.json")
      << R"({"plugin": {"plugin": "still", "version": "1.0.0", "license": "BSD-3-Clause",
                        "cameras": [{"name": "still", "claims": [{"INSTRUME": "^nobody$"}]}]},
             "extends": "single", "wcs": {"offset": false},
             "photometry": {"catalogues": {"gaia":
               {"r": {"base": "G", "colour": ["BP", "RP"], "coefficients": [0.1]}}}}})";
  SimulatedSky::simulate(
      survey,
      {{"--layout", "single"}, {"--size", "260"}, {"--nexp", "1"}, {"--bands", "r"}, {"--density", "3"}});
  fs::remove(survey / "survey-ccds-sim.fits.gz");
  // 0.3 arcsec too far north, turned and stretched by 0.1 arcsec in the corners.
  const fs::path image = survey / "images/single/20170904033600_r.fits";
  fits::Header header = fits::FitsReader(image).header(0);
  const Image<float> pixels = fits::FitsReader(image).image<float>(0);
  header.set("CRVAL2", header.require_number("CRVAL2") + 0.3 / 3600);
  for (const char* row : {"CD1", "CD2"}) {
    const std::string x = std::string(row) + "_1", y = std::string(row) + "_2";
    const double a = header.require_number(x), b = header.require_number(y);
    header.set(x, 1.001 * (a + 0.001 * b));
    header.set(y, 1.001 * (b - 0.001 * a));
  }
  fits::FitsWriter writer;
  writer.add_image(pixels.const_view(), header);
  writer.write(scratch / "changed.fits");
  fs::copy_file(scratch / "changed.fits", image, fs::copy_options::overwrite_existing);
  SimulatedSky::measure(survey, 0,
                        {"--plugin-dir", cameras.string(), "--camera", "still", "--seeing", "1.2",
                         "--photometry", "gaia", "--name", "linear", "--astrometry", "linear"},
                        survey / "gaia");
  const fits::Table made = SimulatedSky::ccds(survey, "linear");
  EXPECT_EQ(made.text("ccdname", 0), "");
  EXPECT_EQ(made.text("wcs_terms", 0), "linear");
  EXPECT_GT(std::hypot(made.number("ccdraoff", 0), made.number("ccddecoff", 0)), 0.2);
  const test::ProgramResult run = run_brick(survey, scratch / "out", {"--plugin-dir", cameras.string()});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Positions found = positions_of(survey, scratch / "out");
  EXPECT_GT(found.stars, 10);
  EXPECT_LT(found.rms, 0.03);

  // Files that do not hold it, or do not say so, are refused.
  SimulatedSky::change_header(survey / "calib" / made.text("wcs_file", 0), [](fits::Header& h) {
    EXPECT_TRUE(h.logical("WCSHOLDS").value());
    h.set("WCSHOLDS", false);
  });
  const test::ProgramResult lacking = run_brick(survey, scratch / "out", {"--plugin-dir", cameras.string()});
  EXPECT_EQ(lacking.exit_code, 3);
  EXPECT_THAT(lacking.err, testing::AllOf(HasSubstr("-wcs.fits"), HasSubstr("lacks the offset"),
                                          HasSubstr("WCSHOLDS"), HasSubstr("wcs.offset")));
}

}  // namespace
}  // namespace brickline
