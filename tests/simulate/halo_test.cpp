#include "tools/simulate_survey/halo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <string>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "tests/support/data.h"
#include "tools/simulate_survey/simulate.h"

namespace brickline::simulate {
namespace {

using test::TemporaryDirectory;
using testing::HasSubstr;

constexpr char kFacts[] = R"({"facts": "1.0", "camera": {"title": "made up"},
  "detector": {"pixel_scale_arcsec": 0.262, "bands": ["g", "z"]}, "pixels": {"unit": "total"},
  "halo": {"bands": {"g": {"form": "power", "weight": 0.00045, "exponent": -2}}}})";

HaloModel power_law() {
  HaloModel m;
  m.profile.weight = 0.00045;
  m.profile.exponent = -2;
  return m;
}

// The pipeline's check values, of its own code (a star of magnitude 10 at 119.25, 79.75).
TEST(Halo, IsTheOneThatThePipelineTakesOff) {
  const double flux = std::pow(10, 0.4 * 12.5), mask = 1630 * std::pow(1.396, -10);
  struct Value {
    int x, y;
    double g, z;
  };
  constexpr Value kValues[] = {{146, 80, 0.000553744, 0.0004887714}, {148, 80, 0.02900386, 0.02853906},
                               {150, 80, 0.04758757, 0.05160483},    {160, 100, 0.02173257, 0.03757699},
                               {200, 200, 0.002144836, 0.003779835}, {300, 250, 0.0007298604, 0.0007477336}};
  HaloModel moffat;
  moffat.profile = {
      .moffat = true, .weight = 0.0145, .alpha_arcsec = 17.65, .beta = 1.7, .off_chip_factor = 0.5};
  Image<float> g(400, 300), z(400, 300);
  add_halo(g, power_law(), 0.262, 119.25, 79.75, flux, mask);
  add_halo(z, moffat, 0.262, 119.25, 79.75, flux, mask);
  for (const Value& v : kValues) {
    EXPECT_NEAR(g(v.x, v.y) / v.g, 1, 2e-5) << v.x;
    EXPECT_NEAR(z(v.x, v.y) / v.z, 1, 2e-5) << v.x;
  }
  EXPECT_EQ(g(119, 80), 0);
  Image<float> beside(400, 300);
  add_halo(beside, moffat, 0.262, -21, 79.75, flux, mask);
  EXPECT_NEAR(beside(30, 80) / 0.016477557, 1, 2e-5);
}

double light(const std::filesystem::path& survey, int ccd) {
  const fits::Table ccds = fits::FitsReader(survey / "survey-ccds-sim.fits.gz").table(1);
  const Image<float> image =
      fits::FitsReader(survey / "images" / ccds.text("image_filename", ccd)).image<float>(1);
  double sum = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) sum += image(x, y);
  return sum / (ccds.number("exptime", ccd) * std::pow(10, 0.4 * (ccds.number("ccdzpt", ccd) - 22.5)));
}

// In the bands that the facts have a halo of.
TEST(Halo, IsDrawnOfGaiasStarsAsTheFactsTell) {
  const TemporaryDirectory dir;
  std::ofstream(dir / "facts.json") << kFacts;
  SimulationOptions o;
  o.seed = 12;
  o.size = 200;
  o.bands = {"g", "z"};
  o.exposures = 1;
  o.density = 0;
  o.star_density = 10;
  o.brightest_mag = 11;
  o.faintest_mag = 13;
  o.cosmic_rays = o.bad_columns = 0;
  o.saturation = 1e7;
  const SimulationSummary made = simulate_survey(o, dir / "without");
  ASSERT_GT(made.stars, 2);
  o.halos = dir / "facts.json";
  simulate_survey(o, dir / "with");
  const fits::Table truth = fits::FitsReader(dir / "with" / "truth.fits").table(1);
  double flux = 0;
  for (std::int64_t i = 0; i < truth.rows(); ++i) flux += truth.number("flux_g", i);
  // Of 0.00045 r^-2 per square arcsec lie between 8 and 20 arcsec at least so much, half of which may be off the image.
  EXPECT_GT(light(dir / "with", 0) - light(dir / "without", 0),
            0.5 * flux * 0.00045 * 2 * 3.14 * std::log(2.5));
  EXPECT_NEAR(light(dir / "with", 1), light(dir / "without", 1), 1e-3);
}

TEST(Halo, FilesThatAreNoFactsAreNamed) {
  const TemporaryDirectory dir;
  SimulationOptions o;
  o.size = 100;
  o.halos = dir / "facts.json";
  const auto said = [&] {
    try {
      simulate_survey(o, dir / "out");
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_THAT(said(), HasSubstr("facts.json"));
  std::ofstream(dir / "facts.json")
      << R"({"facts": "1.0", "detector": {"pixel_scale_arcsec": 1, "bands": ["g"]}, "pixels": {"unit": "total"}})";
  EXPECT_THAT(said(), testing::AllOf(HasSubstr("facts.json"), HasSubstr("no halos")));
  std::ofstream(dir / "facts.json") << "halo";
  EXPECT_THAT(said(), HasSubstr("facts.json"));
  EXPECT_FALSE(std::filesystem::exists(dir / "out" / "truth.fits"));
}

}  // namespace
}  // namespace brickline::simulate
