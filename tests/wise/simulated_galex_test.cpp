// GALEX photometry of simulated fields, whose truth is known.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "core/base/error.h"
#include "core/wise/galex_photometry.h"
#include "tests/wise/simulated_sky.h"

namespace brickline {
namespace {

simulate::SimulationOptions sky_options() {
  simulate::SimulationOptions o;
  o.seed = 9;
  o.size = 3600;
  o.density = 4;
  o.star_density = 2;
  o.brightest_mag = 17;
  o.faintest_mag = 21.5;
  o.galex_tiles = 2;
  return o;
}

TEST(SimulatedGalex, ErrorsAreWhatTheySay) {
  const test::SimulatedSky sky(sky_options());
  const GalexData data(sky.directory / "galex");
  const GalexPhotometry r =
      measure_galex(data, sky.brick, kBrickPixelScale, sky.models(), {}, GalaxyProfiles::kReference);
  for (std::size_t b = 0; b < kGalexBands; ++b) {
    const GalexBandPhotometry& p = r.bands[b];
    std::vector<double> pulls;
    for (std::size_t i = 0; i < sky.sources.size(); ++i) {
      EXPECT_EQ(p.nobs[i], 2);
      EXPECT_GT(p.psfdepth[i], 0);
      if (!(p.flux_ivar[i] > 0) || !(p.fracflux[i] < 0.1)) continue;
      pulls.push_back((p.flux[i] - sky.truth[i][4 + b]) * std::sqrt(p.flux_ivar[i]));
    }
    const test::Spread s = test::spread(pulls);
    std::printf("%s: %zu sources, median %.3f, width %.3f\n", std::string(galex_bands()[b].product).c_str(),
                s.count, s.median, s.width);
    EXPECT_GE(s.count, 500u);
    EXPECT_LE(std::abs(s.median), 0.1);
    EXPECT_GE(s.width, 0.85);
    EXPECT_LE(s.width, 1.15);
    EXPECT_GT(p.coadd.invvar(10, 10), 0);
  }
}

TEST(SimulatedGalex, FluxesAreOfTheProfilesThatAreAskedFor) {
  simulate::SimulationOptions o = sky_options();
  o.size = 300;
  o.galex_tiles = 1;
  o.brightest_mag = 15;
  const test::SimulatedSky sky(o);
  const GalexData data(sky.directory / "galex");
  std::vector<SourceModel> models = sky.models();
  for (SourceModel& m : models) {
    m.kind = SourceKind::kDev;
    m.shape = to_softened({2, 0, 0});
  }
  const auto flux = [&](GalaxyProfiles profiles) {
    const std::vector<SourceModel> one(models.begin(), models.begin() + 1);
    return measure_galex(data, sky.brick, kBrickPixelScale, one, {}, profiles).bands[1].flux.at(0);
  };
  const double ratio = flux(GalaxyProfiles::kSersic) / flux(GalaxyProfiles::kReference);
  EXPECT_GT(ratio, 1.01);
  EXPECT_LT(ratio, 1.1);
}

TEST(SimulatedGalex, ABrickWithoutFieldsHasZeros) {
  simulate::SimulationOptions o = sky_options();
  o.size = 300;
  const test::SimulatedSky sky(o);
  ASSERT_FALSE(sky.sources.empty());
  const GalexData data(sky.directory / "galex");
  const Wcs elsewhere = brick_wcs(40, -30, 300, 300, kBrickPixelScale);
  const GalexPhotometry r =
      measure_galex(data, elsewhere, kBrickPixelScale, sky.models(), {}, GalaxyProfiles::kReference);
  for (const GalexBandPhotometry& p : r.bands) {
    EXPECT_EQ(p.flux.size(), sky.sources.size());
    for (double v : p.flux_ivar) EXPECT_EQ(v, 0);
    EXPECT_EQ(p.coadd.invvar(5, 5), 0);
  }
}

TEST(SimulatedGalex, AnAbsentDirectoryIsNamed) {
  try {
    const GalexData data("/nowhere/galex");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(e.line().find("/nowhere/galex"), std::string::npos);
    EXPECT_NE(e.line().find("--galex-dir"), std::string::npos);
  }
}

TEST(GalexError, CountsPhotonsWhereThereAreSome) {
  EXPECT_NEAR(galex_inverse_error(0.1, 0.1, 100), 100 / std::sqrt(20), 1e-12);
  // Fewer photons than a tenth: the sky's noise.
  EXPECT_NEAR(galex_inverse_error(-0.0995, 0.1, 100), 100 / std::sqrt(10), 1e-9);
  EXPECT_NEAR(galex_inverse_error(1, 3, 0), 0.5, 1e-12);
  EXPECT_EQ(galex_inverse_error(0, 0, 100), 0);
}

}  // namespace
}  // namespace brickline
