// Errors of WISE's and GALEX's fluxes where sources overlap, as nearly everywhere at their resolution: simulated fields as
// crowded as real ones, whose truth is known.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <numbers>

#include "core/wise/galex_photometry.h"
#include "tests/wise/simulated_sky.h"
#include "tools/simulate_survey/random.h"

namespace brickline {
namespace {

simulate::SimulationOptions crowded_sky(std::uint64_t seed) {
  simulate::SimulationOptions o;
  o.seed = seed;
  o.size = 1000;
  o.density = 30;
  o.wise_tiles = 1;
  o.galex_tiles = 1;
  return o;
}

// Which sources have another within WISE's PSF.
std::vector<bool> close_ones(const test::SimulatedSky& sky) {
  constexpr double kClose = 5;  // arcsec
  std::vector<bool> out(sky.sources.size());
  for (std::size_t i = 0; i < out.size(); ++i)
    for (std::size_t j = 0; j < out.size() && !out[i]; ++j) {
      const auto &a = sky.sources[i].position, &b = sky.sources[j].position;
      const double east = (a.ra - b.ra) * std::cos(a.dec * std::numbers::pi / 180);
      out[i] = i != j && 3600 * std::hypot(east, a.dec - b.dec) < kClose;
    }
  return out;
}

double true_flux(const test::SimulatedSky& sky, std::size_t source, std::size_t band) {
  const double ab = sky.truth[source][band];
  return band < kWiseBands ? ab / wise_band(static_cast<int>(band) + 1).ab_per_vega() : ab;
}

struct Pulls {
  std::vector<double> all, close;
  double far_off() const {
    double n = 0;
    for (const double p : all) n += std::abs(p) > 5;
    return n / static_cast<double>(all.size());
  }
};
using AllPulls = std::array<Pulls, kWiseBands + kGalexBands>;

AllPulls pulls_of(const std::vector<std::uint64_t>& seeds, bool marginal) {
  AllPulls out;
  for (const std::uint64_t seed : seeds) {
    const test::SimulatedSky sky(crowded_sky(seed));
    const std::vector<bool> close = close_ones(sky);
    WisePhotometryOptions options{.profiles = GalaxyProfiles::kReference};  // the simulator's
    options.coadds = false;
    options.errors.marginal = marginal;
    const WisePhotometry wise =
        measure_wise(WiseData(sky.wise_files()), sky.brick, kBrickPixelScale, sky.models(), options);
    const GalexPhotometry galex =
        measure_galex(GalexData(sky.directory / "galex"), sky.brick, kBrickPixelScale, sky.models(), {},
                      options.profiles, options.errors);
    for (std::size_t b = 0; b < out.size(); ++b) {
      const bool is_wise = b < kWiseBands;
      const auto& flux = is_wise ? wise.bands[b].flux : galex.bands[b - kWiseBands].flux;
      const auto& ivar = is_wise ? wise.bands[b].flux_ivar : galex.bands[b - kWiseBands].flux_ivar;
      for (std::size_t i = 0; i < flux.size(); ++i) {
        if (!(ivar[i] > 0)) continue;
        const double pull = (flux[i] - true_flux(sky, i, b)) * std::sqrt(ivar[i]);
        out[b].all.push_back(pull);
        if (close[i]) out[b].close.push_back(pull);
      }
    }
  }
  return out;
}

TEST(CrowdedErrors, OfMarginalFluxesAreWhatTheySay) {
  const std::vector<std::uint64_t> seeds = {61, 62};
  const AllPulls noise = pulls_of(seeds, false), marginal = pulls_of(seeds, true);
  for (std::size_t b = 0; b < marginal.size(); ++b) {
    SCOPED_TRACE(simulate::kSpaceBands[b]);
    const test::Spread all = test::spread(marginal[b].all), close = test::spread(marginal[b].close),
                       by_noise = test::spread(noise[b].close);
    std::printf(
        "%s: %zu sources, median %.3f, width %.3f, %.4f beyond 5; %zu close, width %.3f, by noise %.3f\n",
        simulate::kSpaceBands[b], all.count, all.median, all.width, marginal[b].far_off(), close.count,
        close.width, by_noise.width);
    EXPECT_GE(close.count, 400u);
    EXPECT_GT(by_noise.width, 1.2);
    for (const test::Spread& s : {all, close}) {
      EXPECT_LE(std::abs(s.median), 0.15);
      EXPECT_GE(s.width, 0.85);
      EXPECT_LE(s.width, 1.15);
    }
    EXPECT_LE(marginal[b].far_off(), 0.01);
  }
}

// Bright galaxies and stars, with the places, radii and ellipticities of a catalog that has them with errors.
TEST(CrowdedErrors, KnowOfPositionsAndShapes) {
  constexpr double kPosition = 0.25, kRadius = 0.15, kEllipticity = 0.05;  // arcsec, of the radius
  std::vector<double> exact, known, neighbours;
  for (const std::uint64_t seed : {63, 64, 65}) {
    simulate::SimulationOptions o = crowded_sky(seed);
    o.density = 8;
    o.brightest_mag = 17.5;
    o.faintest_mag = 21.5;
    o.galex_tiles = 0;
    const test::SimulatedSky sky(o);
    std::vector<SourceModel> models = sky.models();
    std::vector<std::vector<float>> covariances;
    simulate::Random random(seed, simulate::Stream::kStar, {99});
    for (SourceModel& m : models) {
      std::vector<float> c(21);
      c[0] = c[2] = static_cast<float>(std::pow(kPosition / 3600, 2));
      m.ra += kPosition / 3600 / std::cos(m.dec * std::numbers::pi / 180) * random.normal(0, 1);
      m.dec += kPosition / 3600 * random.normal(0, 1);
      if (m.is_galaxy()) {
        Ellipse e = to_ellipse(m.shape);
        c[5] = static_cast<float>(std::pow(kRadius * e.re, 2));
        e.re *= std::max(0.3, 1 + kRadius * random.normal(0, 1));
        if (m.kind != SourceKind::kRex) {
          c[9] = c[14] = static_cast<float>(kEllipticity * kEllipticity);
          e.e1 = std::clamp(e.e1 + kEllipticity * random.normal(0, 1), -0.65, 0.65);
          e.e2 = std::clamp(e.e2 + kEllipticity * random.normal(0, 1), -0.65, 0.65);
        }
        m.shape = to_softened(e);
      }
      covariances.push_back(std::move(c));
    }
    const WiseData data(sky.wise_files());
    for (const bool aware : {false, true}) {
      WisePhotometryOptions options{.profiles = GalaxyProfiles::kReference};
      options.coadds = false;
      options.errors.marginal = true;
      if (aware) options.errors.covariances = covariances;
      const WisePhotometry r = measure_wise(data, sky.brick, kBrickPixelScale, models, options);
      for (std::size_t i = 0; i < models.size(); ++i)
        if (const double ivar = r.bands[0].flux_ivar[i]; ivar > 0)
          (aware ? known : exact).push_back((r.bands[0].flux[i] - true_flux(sky, i, 0)) * std::sqrt(ivar));
    }
  }
  const test::Spread before = test::spread(exact), after = test::spread(known);
  std::printf("%zu sources, median %.3f, width %.3f; with exact models %.3f\n", after.count, after.median,
              after.width, before.width);
  EXPECT_GE(after.count, 150u);
  EXPECT_GT(before.width, 1.4);
  EXPECT_GE(after.width, 0.85);
  EXPECT_LE(after.width, 1.15);
}

}  // namespace
}  // namespace brickline
