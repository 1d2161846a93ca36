// Forced photometry of skies whose truth is known.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "core/facts/mask_bits.h"
#include "core/forced/zero_point.h"
#include "core/model/sky_motion.h"
#include "tests/forced/synthetic_ccd.h"

namespace brickline {
namespace {

using test::SyntheticCcd;

constexpr double kSig1 = 0.02;  // nanomaggies per pixel

// A figure for the report (--gtest_output).
void record(const std::string& name, double value) {
  testing::Test::RecordProperty(name, std::to_string(value));
}

// A grid of places with random offsets, `spacing` pixels apart.
std::vector<SkyPosition> places(const SyntheticCcd& ccd, int spacing, std::uint64_t seed) {
  simulate::Random random(seed, simulate::Stream::kStar, {0});
  std::vector<SkyPosition> out;
  for (int y = spacing / 2; y + spacing / 2 < ccd.image.height; y += spacing)
    for (int x = spacing / 2; x + spacing / 2 < ccd.image.width; x += spacing)
      out.push_back(ccd.sky(x + random.uniform(-4, 4), y + random.uniform(-4, 4)));
  return out;
}

// A band's nights: how sharp and how deep its images are, and how much of the stars' light is in it.
struct BandConditions {
  std::string band;
  double fwhm, sig1, color;
};

TEST(SimulatedForced, PullsOfConstantStarsAreOfWidthOneInEveryEpochAndBand) {
  std::uint64_t seed = 100;
  for (const BandConditions& c :
       {BandConditions{"g", 5.4, 0.012, 0.5}, {"r", 4.5, kSig1, 1}, {"z", 3.7, 0.05, 1.8}}) {
    std::vector<double> weighted, weights, truth;
    for (int epoch = 0; epoch < 4; ++epoch) {
      SCOPED_TRACE(c.band + std::to_string(epoch));
      SyntheticCcd ccd(1300, 1300, c.sig1 * (1 + 0.3 * epoch), c.band, c.fwhm + 0.4 * epoch);
      std::vector<ForcedSource> sources;
      truth.clear();
      for (const SkyPosition& p : places(ccd, 30, 1)) {
        truth.push_back(0.3 * c.color * std::pow(1.02, static_cast<double>(truth.size() % 120)));
        ccd.add_star(p, truth.back());
        sources.push_back(test::star_at(p));
      }
      ccd.add_noise(seed++);
      const ForcedResult r = measure_forced(ccd.image, sources);
      ASSERT_EQ(r.rows.size(), truth.size());
      weighted.resize(truth.size());
      weights.resize(truth.size());
      std::vector<double> pulls;
      double square = 0;
      for (std::size_t i = 0; i < truth.size(); ++i) {
        pulls.push_back((r.rows[i].flux - truth[i]) * std::sqrt(r.rows[i].flux_ivar));
        square += pulls.back() * pulls.back();
        weighted[i] += r.rows[i].flux * r.rows[i].flux_ivar;
        weights[i] += r.rows[i].flux_ivar;
      }
      EXPECT_GT(pulls.size(), 1500u);
      // The width of so many is known to 0.018.
      const double width = std::sqrt(square / static_cast<double>(pulls.size()));
      EXPECT_NEAR(width, 1, 0.05);
      record(c.band + std::to_string(epoch), width);
      EXPECT_NEAR(test::spread(pulls).median, 0, 0.1);
    }
    double square = 0;
    for (std::size_t i = 0; i < truth.size(); ++i)
      square += std::pow(weighted[i] / weights[i] - truth[i], 2) * weights[i];
    const double width = std::sqrt(square / static_cast<double>(truth.size()));
    EXPECT_NEAR(width, 1, 0.05) << "averages in " << c.band;
    record(c.band, width);
  }
}

TEST(SimulatedForced, FluxesAreOfTheProfilesThatSourcesHave) {
  SyntheticCcd ccd(120, 120, kSig1);
  const simulate::SersicProfile profile(4, 8);
  const SkyPosition at = ccd.sky(60, 60);
  ccd.add_galaxy(at, 100, profile, 1.5);
  std::vector<ForcedSource> sources = {test::galaxy_at(at, SourceKind::kDev, 1.5)};
  const double reference = measure_forced(ccd.image, sources).rows.at(0).flux;
  sources[0].profiles = GalaxyProfiles::kSersic;
  const double ratio = measure_forced(ccd.image, sources).rows.at(0).flux / reference;
  EXPECT_GT(ratio, 1.02);
  EXPECT_LT(ratio, 1.1);
}

TEST(SimulatedForced, AVariableStarsLightCurveIsRecovered) {
  double chi2 = 0;
  constexpr int kEpochs = 400;
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    SyntheticCcd ccd(100, 100, kSig1);
    const double flux = 3 + 1.5 * std::sin(0.7 * epoch);
    const SkyPosition at = ccd.sky(50.3, 48.9), beside = ccd.sky(57, 52);
    ccd.add_star(at, flux);
    ccd.add_star(beside, 5);
    ccd.add_noise(static_cast<std::uint64_t>(epoch));
    const ForcedSource sources[] = {test::star_at(at), test::star_at(beside)};
    const ForcedResult r = measure_forced(ccd.image, sources);
    chi2 += std::pow(r.rows[0].flux - flux, 2) * r.rows[0].flux_ivar;
  }
  EXPECT_NEAR(chi2 / kEpochs, 1, 3 * std::sqrt(2.0 / kEpochs));
  record("chi2", chi2 / kEpochs);
}

// Point sources of known flux `offset` arcsec east of galaxies' centres.
struct Nuclei {
  std::vector<double> pulls;  // by the joint error
  std::vector<double> fluxes;
};
Nuclei measure_beside_galaxies(double offset, bool as_nuclei) {
  constexpr double kRe = 1, kGalaxyFlux = 8, kFlux = 2;
  const simulate::SersicProfile profile(1, 4);
  Nuclei out;
  for (int image = 0; image < 5; ++image) {
    SyntheticCcd ccd(512, 512, kSig1);
    std::vector<ForcedSource> sources;
    const std::vector<SkyPosition> at = places(ccd, 64, static_cast<std::uint64_t>(7 + image));
    for (const SkyPosition& p : at) {
      const SkyPosition there{p.ra + offset / 3600 / std::cos(p.dec * std::numbers::pi / 180), p.dec};
      ccd.add_galaxy(p, kGalaxyFlux, profile, kRe);
      ccd.add_star(there, kFlux);
      sources.push_back(test::galaxy_at(p, SourceKind::kExp, kRe));
      if (!as_nuclei) sources.push_back(test::star_at(there));
    }
    ccd.add_noise(static_cast<std::uint64_t>(50 + image));
    ForcedOptions options;
    options.nuclei = as_nuclei;
    options.limits = !as_nuclei;
    const ForcedResult r = measure_forced(ccd.image, sources, options);
    for (std::size_t i = as_nuclei ? 0 : 1; i < r.rows.size(); i += as_nuclei ? 1 : 2) {
      const ForcedMeasurement& row = r.rows[i];
      out.fluxes.push_back(as_nuclei ? row.flux_agn : row.flux);
      if (!as_nuclei) {
        EXPECT_LT(row.flux_ivar_joint, row.flux_ivar);
        out.pulls.push_back((row.flux - kFlux) * std::sqrt(row.flux_ivar_joint));
      }
    }
  }
  return out;
}

TEST(SimulatedForced, ASupernovaInAGalaxyHasAnUnbiasedFlux) {
  const Nuclei n = measure_beside_galaxies(0.3, false);
  EXPECT_GE(n.pulls.size(), 200u);
  const test::Spread s = test::spread(n.pulls);
  EXPECT_LT(std::abs(s.median), 0.1);
  EXPECT_NEAR(s.width, 1, 0.1);
  record("median", s.median);
  record("width", s.width);
}

// In a joint catalog errors know of neighbours: its measurements have them, whatever is asked for.
TEST(SimulatedForced, MeasurementsOfAJointCatalogKnowOfNeighbours) {
  const SkyPosition at{150, 40};
  SyntheticCcd ccd(200, 200, kSig1);
  ccd.add_star(at, 3);
  std::vector<ForcedSource> sources = {test::star_at(at), test::star_at({at.ra, at.dec + 0.6 / 3600}),
                                       test::star_at(ccd.sky(160, 160))};
  EXPECT_EQ(measure_forced(ccd.image, sources).rows[0].flux_ivar_joint, 0);
  for (ForcedSource& s : sources) s.profiles = GalaxyProfiles::kSersic;
  const ForcedResult r = measure_forced(ccd.image, sources);
  EXPECT_LT(r.rows[0].flux_ivar_joint, 0.6 * r.rows[0].flux_ivar);
  EXPECT_GT(r.rows[0].flux_ivar_joint, 0.05 * r.rows[0].flux_ivar);
  EXPECT_NEAR(r.rows[2].flux_ivar_joint / r.rows[2].flux_ivar, 1, 1e-4);
}

TEST(SimulatedForced, AnActiveNucleusHasAnUnbiasedFlux) {
  const Nuclei n = measure_beside_galaxies(0, true);
  EXPECT_GE(n.fluxes.size(), 200u);
  const test::Spread s = test::spread(n.fluxes);
  EXPECT_LT(std::abs(s.median - 2), 0.1 * s.width);
  record("median", (s.median - 2) / s.width);
}

// A position of a list at a galaxy's centre is its nucleus; beside it, the nucleus is another unknown, which limits know.
TEST(SimulatedForced, APositionAtAGalaxysCentreIsItsNucleus) {
  const simulate::SersicProfile profile(1, 4);
  const SkyPosition at{150, 40};
  SyntheticCcd ccd(200, 200, kSig1);
  ccd.add_galaxy(at, 8, profile, 1);
  ccd.add_star(at, 2);
  const std::vector<ForcedSource> at_centre = {test::galaxy_at(at, SourceKind::kExp, 1),
                                               test::star_at({at.ra, at.dec + 0.02 / 3600})};
  ForcedOptions options;
  options.nuclei = options.limits = true;
  const ForcedResult r = measure_forced(ccd.image, at_centre, options);
  EXPECT_NEAR(r.rows[1].flux, 2, 0.05);
  EXPECT_EQ(r.rows[0].flux_agn_ivar, 0);
  const std::vector<ForcedSource> beside = {at_centre[0], test::star_at({at.ra, at.dec + 0.5 / 3600})};
  ForcedOptions without = options;
  without.nuclei = false;
  EXPECT_LT(measure_forced(ccd.image, beside, options).rows[1].flux_ivar_joint,
            0.9 * measure_forced(ccd.image, beside, without).rows[1].flux_ivar_joint);
}

TEST(SimulatedForced, AMovingStarKeepsItsFluxOverTenYears) {
  ForcedSource source = test::star_at({150.001, 40.001});
  source.model.motion = SkyMotion{400, -300, 0, 2015.5};  // half an arcsec a year
  for (int year = 0; year < 10; ++year) {
    SyntheticCcd ccd(120, 120, kSig1);
    ccd.image.mjd_tai = 55400 + 365.25 * year;
    ccd.add_star(position_at(source.model, ccd.image.mjd_tai), 20);
    ccd.add_noise(static_cast<std::uint64_t>(year));
    const ForcedResult moved = measure_forced(ccd.image, std::span(&source, 1));
    EXPECT_NEAR(moved.rows[0].flux, 20, 4 / std::sqrt(moved.rows[0].flux_ivar)) << year;
    ForcedOptions options;
    options.move = false;
    const ForcedResult unmoved = measure_forced(ccd.image, std::span(&source, 1), options);
    EXPECT_EQ(unmoved.rows[0].position.ra, source.model.ra);
    if (year == 0 || year == 9) {
      EXPECT_LT(unmoved.rows[0].flux, 10) << year;
    }
  }
}

TEST(SimulatedForced, MotionsFindWhereAStarIs) {
  SyntheticCcd ccd(200, 200, kSig1);
  const SkyPosition expected = ccd.sky(100.2, 99.7), there = ccd.sky(100.6, 99.9);
  ccd.add_star(there, 20);
  ccd.add_star(ccd.sky(40, 50), 9);
  ccd.add_noise(3);
  const ForcedSource sources[] = {test::star_at(expected), test::star_at(ccd.sky(40, 50))};
  ForcedOptions options;
  options.motions = true;
  const ForcedResult r = measure_forced(ccd.image, sources, options);
  const StarMotion& m = *r.rows[0].motion;
  const double east = -0.4 * SyntheticCcd::kScale, north = 0.2 * SyntheticCcd::kScale;
  EXPECT_NEAR(m.dra, east, 0.01);  // to first order
  EXPECT_NEAR(m.ddec, north, 0.01);
  EXPECT_NEAR(m.full_fit_dra, east, 4 / std::sqrt(m.full_fit_dra_ivar));
  EXPECT_NEAR(m.full_fit_ddec, north, 4 / std::sqrt(m.full_fit_ddec_ivar));
  EXPECT_NEAR(m.full_fit_flux, 20, 4 / std::sqrt(m.full_fit_flux_ivar));
  EXPECT_NEAR(m.full_fit_x, 100.6, 0.02);
  // Both directions are as well known, at 40 degrees of declination, too.
  EXPECT_NEAR(m.full_fit_dra_ivar / m.full_fit_ddec_ivar, 1, 0.05);
  EXPECT_NEAR(r.rows[0].centroid->win_dra, east, 0.01);
  EXPECT_NEAR(r.rows[0].centroid->winpsf_dra, 0, 0.005);
}

// A star outside of the image, whose wings alone are on it, has no place of its own there: nothing is better than a star
// that ran away.
TEST(SimulatedForced, AFullFitThatEndsSomewhereElseIsNone) {
  int none = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SyntheticCcd ccd(120, 120, kSig1);
    const SkyPosition outside = ccd.sky(-9, 60);
    ccd.add_star(outside, 5);
    ccd.add_noise(seed);
    const ForcedSource source = test::star_at(outside);
    ForcedOptions options;
    options.motions = true;
    const StarMotion m = *measure_forced(ccd.image, std::span(&source, 1), options).rows[0].motion;
    EXPECT_LE(std::hypot(m.full_fit_dra, m.full_fit_ddec), 2.01 * SyntheticCcd::kFwhm * SyntheticCcd::kScale);
    if (m.full_fit_flux_ivar == 0) {
      ++none;
      EXPECT_EQ(m.full_fit_flux, 0);
      EXPECT_EQ(m.full_fit_dra_ivar, 0);
    }
  }
  EXPECT_GT(none, 0);
}

TEST(SimulatedForced, WhatCannotBeMeasuredIsFlagged) {
  SyntheticCcd ccd(100, 100, kSig1);
  const SkyPosition masked = ccd.sky(50, 50);
  ccd.add_star(masked, 20);
  ccd.add_noise(1);
  for (int y = 0; y < 100; ++y)
    for (int x = 0; x < 100; ++x)
      if (std::hypot(x - 50, y - 50) < 45) {
        ccd.image.inverse_error(x, y) = 0;
        ccd.image.mask(x, y) = mask_bit::kSatur;
      }
  std::vector<ForcedSource> sources = {test::star_at(masked), test::star_at(ccd.sky(110, 50)),
                                       test::star_at(ccd.sky(5000, 50)), test::star_at({330, -40}),
                                       test::star_at({std::numeric_limits<double>::quiet_NaN(), 40})};
  ForcedOptions options;
  options.apertures = options.limits = true;
  const ForcedResult r = measure_forced(ccd.image, sources, options);
  ASSERT_EQ(r.rows.size(), 5u);
  EXPECT_NEAR(r.rows[0].fracmasked, 1, 0.02);
  EXPECT_TRUE(r.rows[0].dqmask & mask_bit::kSatur);
  EXPECT_TRUE(r.rows[0].centroid->win_satur || !r.rows[0].centroid->win_converged);
  for (std::size_t i = 1; i < 5; ++i) EXPECT_TRUE(r.rows[i].dqmask & mask_bit::kEdge2) << i;
  for (std::size_t i = 2; i < 5; ++i) {
    EXPECT_EQ(r.rows[i].flux, 0) << i;
    EXPECT_EQ(r.rows[i].flux_ivar, 0) << i;
    EXPECT_EQ(r.rows[i].apflux[3], 0) << i;
  }
}

TEST(SimulatedForced, AcrossRaZeroAndAtThePoleNothingIsDifferent) {
  for (const SkyPosition& middle : {SkyPosition{0, 10}, SkyPosition{30, 89.99}, SkyPosition{200, -89.99}}) {
    SyntheticCcd ccd(200, 200, kSig1, "r", SyntheticCcd::kFwhm, middle);
    std::vector<ForcedSource> sources;
    for (const double x : {40., 100.2, 160.}) {
      sources.push_back(test::star_at(ccd.sky(x, 99.7)));
      ccd.add_star({sources.back().model.ra, sources.back().model.dec}, 20);
    }
    ccd.add_noise(1);
    ForcedOptions options;
    options.motions = options.apertures = true;
    const ForcedResult r = measure_forced(ccd.image, sources, options);
    for (const ForcedMeasurement& row : r.rows) {
      EXPECT_NEAR(row.flux, 20, 4 / std::sqrt(row.flux_ivar)) << middle.dec;
      EXPECT_NEAR(row.y, 99.7, 1e-3);
      EXPECT_EQ(row.dqmask, 0);
      EXPECT_LT(std::hypot(row.centroid->win_dra, row.centroid->win_ddec), 0.02);
      EXPECT_LT(std::hypot(row.motion->full_fit_dra, row.motion->full_fit_ddec), 0.02);
      EXPECT_NEAR(row.apflux[5], 20, 1);
    }
  }
}

TEST(SimulatedForced, OnlySaturatedPixelsAreCalledSaturated) {
  for (const std::uint16_t bit : {mask_bit::kSatur, mask_bit::kBadpix}) {
    SyntheticCcd ccd(100, 100, kSig1);
    const ForcedSource source = test::star_at(ccd.sky(50, 50));
    ccd.add_star({source.model.ra, source.model.dec}, 50);
    ccd.add_noise(1);
    ccd.image.mask(50, 50) = bit;
    ccd.image.inverse_error(50, 50) = 0;
    const ForcedMeasurement row = measure_forced(ccd.image, std::span(&source, 1)).rows[0];
    EXPECT_TRUE(row.centroid->win_converged);
    EXPECT_EQ(row.centroid->win_satur, bit == mask_bit::kSatur);
    EXPECT_EQ(row.dqmask, bit);
    // What is left of a source says how well the model fits it.
    EXPECT_NEAR(row.rchisq, 1, 0.3);
  }
}

TEST(SimulatedForced, UpperLimitsHoldTheTruth) {
  int below = 0, count = 0;
  for (int image = 0; image < 4; ++image) {
    SyntheticCcd ccd(512, 512, kSig1);
    std::vector<ForcedSource> sources;
    for (const SkyPosition& p : places(ccd, 40, 2)) {
      ccd.add_star(p, 0.1);  // hardly a sigma
      sources.push_back(test::star_at(p));
    }
    ccd.add_noise(static_cast<std::uint64_t>(70 + image));
    ForcedOptions options;
    options.limits = true;
    const ForcedResult r = measure_forced(ccd.image, sources, options);
    for (const ForcedMeasurement& row : r.rows) {
      below += row.flux_limit95 > 0.1f;
      EXPECT_GT(row.flux_limit95, 0);
      ++count;
    }
  }
  EXPECT_GE(below, 0.93 * count);
}

// 40 stars whose fluxes are off by `mag` magnitudes from the catalog's, two of them variable.
ZeroPointCheck check_with(double mag, std::uint64_t seed) {
  SyntheticCcd ccd(300, 300, kSig1);
  std::vector<ForcedSource> sources;
  for (const SkyPosition& p : places(ccd, 45, seed)) {
    const double flux = 5 + static_cast<double>(sources.size());
    ccd.add_star(p, flux * std::pow(10, -0.4 * mag) * (sources.size() % 20 == 3 ? 2 : 1));
    sources.push_back(test::star_at(p, static_cast<float>(flux)));
  }
  ccd.add_noise(seed);
  return check_zero_point(measure_forced(ccd.image, sources), sources);
}

TEST(ZeroPoint, OneThatIsWrongIsFoundAndNoneOfAHundredRightOnesIsAccused) {
  for (const double mag : {0.1, -0.1}) {
    const ZeroPointCheck wrong = check_with(mag, 5);
    EXPECT_TRUE(wrong.wrong);
    EXPECT_NEAR(wrong.offset, mag, 5 * wrong.error);
    EXPECT_LT(wrong.error, 0.01);
    record(mag > 0 ? "fainter" : "brighter", wrong.offset);
  }
  for (std::uint64_t seed = 1; seed <= 100; ++seed) EXPECT_FALSE(check_with(0, seed).wrong) << seed;
}

TEST(ZeroPoint, CorrectionBringsFluxesToTheCatalogs) {
  ForcedResult r;
  r.rows.resize(1);
  r.rows[0].flux = 2;
  r.rows[0].flux_ivar = 4;
  r.rows[0].flux_ivar_joint = 3;
  r.rows[0].flux_limit95 = 2.5;
  correct_zero_point(r, {10, 0.1f, 0.001f, true});
  EXPECT_NEAR(r.rows[0].flux, 2 * std::pow(10, 0.04), 1e-5);
  EXPECT_NEAR(r.rows[0].flux_ivar, 4 * std::pow(10, -0.08), 1e-5);
  EXPECT_NEAR(r.rows[0].flux_ivar_joint, 3 * std::pow(10, -0.08), 1e-5);
  EXPECT_NEAR(r.rows[0].flux_limit95, 2.5 * std::pow(10, 0.04), 1e-5);
  SyntheticCcd ccd(20, 20, kSig1);
  ccd.image.data(3, 4) = 5;
  correct_zero_point(ccd.image, r, {10, 0.1f, 0.001f, true});
  EXPECT_NEAR(ccd.image.data(3, 4), 5 * std::pow(10, 0.04), 1e-5);
  EXPECT_NEAR(ccd.image.sig1, kSig1 * std::pow(10, 0.04), 1e-9);
  EXPECT_NEAR(ccd.image.inverse_error(3, 4) * ccd.image.sig1, 1, 1e-6);
  correct_zero_point(r, {0, NAN, NAN, false});
  EXPECT_TRUE(std::isfinite(r.rows[0].flux));
}

}  // namespace
}  // namespace brickline
