// unWISE photometry of simulated coadds, whose truth is known.
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>

#include "tests/wise/simulated_sky.h"

namespace brickline {
namespace {

const WisePhotometryOptions kReference{.profiles = GalaxyProfiles::kReference};

// The simulator's own kinds and magnitudes of sources, so few of them that most stand alone.
simulate::SimulationOptions sparse_sky(std::uint64_t seed) {
  simulate::SimulationOptions o;
  o.seed = seed;
  o.size = 5000;
  o.density = 1.2;
  o.star_density = 0.6;
  o.wise_tiles = 1;
  return o;
}

double true_flux(const test::SimulatedSky& sky, std::size_t source, int band) {
  return sky.truth[source][static_cast<std::size_t>(band - 1)] / wise_band(band).ab_per_vega();
}

// Pulls of sources with little light of others under them, as a catalog tells it.
std::vector<double> pulls(const test::SimulatedSky& sky, const WiseBandPhotometry& p, int band) {
  std::vector<double> out;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (p.flux_ivar[i] > 0 && p.fracflux[i] < 0.1)
      out.push_back((p.flux[i] - true_flux(sky, i, band)) * std::sqrt(p.flux_ivar[i]));
  return out;
}

// Two properties of the photometry itself are in these pulls, and are those of released catalogs, whose numbers other
// tests hold: seven taps that move a PSF this sharp give 0.4 % too little flux, which counts where sources are bright;
// and weights that follow the pixels' own values favour those that are low by chance, 0.03 to 0.07 sigma.
TEST(SimulatedWise, ErrorsAreWhatTheySay) {
  std::array<std::vector<double>, 2> all, bright;
  for (const std::uint64_t seed : {11, 12, 13, 14}) {
    const test::SimulatedSky sky(sparse_sky(seed));
    const WiseData data(sky.wise_files());
    WisePhotometryOptions options = kReference;
    options.coadds = false;
    const WisePhotometry r = measure_wise(data, sky.brick, kBrickPixelScale, sky.models(), options);
    for (int band : {1, 2}) {
      const auto b = static_cast<std::size_t>(band - 1);
      const std::vector<double> found = pulls(sky, r.bands[b], band);
      const test::Spread s = test::spread(found);
      std::printf("seed %d, W%d: %zu of %zu sources, median %.3f, width %.3f\n", static_cast<int>(seed), band,
                  s.count, sky.sources.size(), s.median, s.width);
      all[b].insert(all[b].end(), found.begin(), found.end());
      for (std::size_t i = 0; i < sky.sources.size(); ++i)
        if (const double truth = true_flux(sky, i, band); truth * truth * r.bands[b].flux_ivar[i] > 900)
          bright[b].push_back(r.bands[b].flux[i] / truth);
    }
  }
  for (std::size_t b = 0; b < 2; ++b) {
    const test::Spread s = test::spread(all[b]), share = test::spread(bright[b]);
    std::printf(
        "W%zu: %zu sources, median %.3f, width %.3f; of %zu above 30 sigma the share of flux found %.4f\n",
        b + 1, s.count, s.median, s.width, share.count, share.median);
    EXPECT_GE(s.count, 500u);
    EXPECT_LE(std::abs(s.median), 0.1);
    EXPECT_GE(s.width, 0.85);
    EXPECT_LE(s.width, 1.15);
    EXPECT_GE(share.count, 30u);
    EXPECT_NEAR(share.median, 0.996, 0.006);
  }
}

simulate::SimulationOptions small_sky(int tiles) {
  simulate::SimulationOptions o;
  o.seed = 7;
  o.size = 1500;
  o.density = 1;
  o.star_density = 3;
  o.brightest_mag = 18;
  o.faintest_mag = 21;
  o.wise_tiles = tiles;
  o.wise_epochs = 2;
  return o;
}

void expect_good_pulls(const test::SimulatedSky& sky, const WisePhotometry& r) {
  for (int band : {1, 2}) {
    const test::Spread s = test::spread(pulls(sky, r.bands[static_cast<std::size_t>(band - 1)], band));
    std::printf("W%d: %zu sources, median %.3f, width %.3f\n", band, s.count, s.median, s.width);
    EXPECT_GT(s.count, 30u);
    EXPECT_LE(std::abs(s.median), 0.5);
    EXPECT_GE(s.width, 0.6);
    EXPECT_LE(s.width, 1.5);
  }
}

// Every source is measured on the tile whose box holds it, and as well as on one tile.
TEST(SimulatedWise, ABrickOfFourTiles) {
  const test::SimulatedSky sky(small_sky(2));
  const WiseData data(sky.wise_files());
  const WisePhotometry r = measure_wise(data, sky.brick, kBrickPixelScale, sky.models(), kReference);
  EXPECT_EQ(r.tiles.size(), 4u);
  EXPECT_EQ(r.epochs.size(), 2u);
  std::map<std::string, int> by_tile;
  for (const TilePlace& p : r.places) ++by_tile[p.coadd_id];
  EXPECT_EQ(by_tile.count(""), 0u);
  EXPECT_EQ(by_tile.size(), 4u);
  expect_good_pulls(sky, r);
  for (const auto& epoch : r.epochs)
    for (std::size_t i = 0; i < r.places.size(); ++i) EXPECT_EQ(epoch[0].nobs[i], 14);
  // The coadd is whole across the tiles' borders.
  for (int y = 0; y < r.coadds[0].invvar.height(); ++y)
    for (int x = 0; x < r.coadds[0].invvar.width(); ++x)
      EXPECT_GT(r.coadds[0].invvar(x, y), 0) << x << " " << y;
}

TEST(SimulatedWise, ABrickAcrossRaZero) {
  simulate::SimulationOptions o = small_sky(2);
  o.custom_centre = simulate::SkyPoint{0.01, -1.3};
  const test::SimulatedSky sky(o);
  int east = 0, west = 0;
  for (const auto& s : sky.sources) (s.position.ra < 180 ? east : west)++;
  ASSERT_GT(east, 10);
  ASSERT_GT(west, 10);
  const WiseData data(sky.wise_files());
  const WisePhotometry r = measure_wise(data, sky.brick, kBrickPixelScale, sky.models(), kReference);
  EXPECT_EQ(r.tiles.size(), 4u);
  for (const TilePlace& p : r.places) EXPECT_FALSE(p.coadd_id.empty());
  expect_good_pulls(sky, r);
}

bool same(const WiseBandPhotometry& a, const WiseBandPhotometry& b) {
  const auto equal = [](const auto& x, const auto& y) {
    return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(x[0])) == 0;
  };
  return equal(a.flux, b.flux) && equal(a.flux_ivar, b.flux_ivar) && equal(a.rchisq, b.rchisq) &&
         equal(a.fracflux, b.fracflux) && equal(a.psfdepth, b.psfdepth) && equal(a.nobs, b.nobs);
}

TEST(SimulatedWise, ResultsDoNotDependOnTheNumberOfThreads) {
  const test::SimulatedSky sky(small_sky(2));
  const WiseData data(sky.wise_files());
  const std::vector<std::vector<float>> covariances(sky.sources.size(), {1e-9F, 0, 1e-9F});
  WisePhotometryOptions options = kReference;
  options.errors = {.marginal = true, .covariances = covariances};
  std::vector<WisePhotometry> runs;
  for (std::size_t threads : {1, 2, 8}) {
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    runs.push_back(measure_wise(data, sky.brick, kBrickPixelScale, sky.models(), options));
  }
  for (std::size_t r = 1; r < runs.size(); ++r) {
    for (std::size_t b = 0; b < 4; ++b) EXPECT_TRUE(same(runs[0].bands[b], runs[r].bands[b]));
    for (std::size_t e = 0; e < runs[0].epochs.size(); ++e)
      for (std::size_t b = 0; b < 2; ++b) EXPECT_TRUE(same(runs[0].epochs[e][b], runs[r].epochs[e][b]));
    const Image<float>&one = runs[0].coadds[0].model, &other = runs[r].coadds[0].model;
    for (int y = 0; y < one.height(); ++y)
      EXPECT_EQ(std::memcmp(one.row(y), other.row(y), sizeof(float) * static_cast<std::size_t>(one.width())),
                0);
  }
}

TEST(SimulatedWise, NoSourcesLeaveCoaddsAndMasks) {
  simulate::SimulationOptions o = small_sky(1);
  o.brightest_mag = 13;  // stars that have masks
  o.faintest_mag = 15;
  o.density = 2;
  const test::SimulatedSky sky(o);
  const WiseData data(sky.wise_files());
  const WisePhotometry r = measure_wise(data, sky.brick, kBrickPixelScale, {}, kReference);
  EXPECT_EQ(r.bands[0].size(), 0u);
  EXPECT_FALSE(r.coadds[3].empty());
  int set = 0;
  for (int y = 0; y < sky.brick.height(); ++y)
    for (int x = 0; x < sky.brick.width(); ++x) set += r.masks.bands[0](x, y) != 0;
  EXPECT_GT(set, 0);
}

}  // namespace
}  // namespace brickline
