// Errors of WISE's and GALEX's fluxes where sources overlap, as everywhere at their resolution: simulated fields as crowded
// as real ones, whose truth is known.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <numbers>
#include <random>

#include "core/wise/galex_photometry.h"
#include "tests/wise/simulated_sky.h"

namespace brickline {
namespace {

simulate::SimulationOptions crowded_sky(std::uint64_t seed) {
  simulate::SimulationOptions o;
  o.seed = seed;
  o.size = 1200;
  o.density = 30;
  o.wise_tiles = 1;
  o.galex_tiles = 1;
  return o;
}

// A list's pulls, and the same of sources with a true neighbour within the PSF's width.
struct Pulls {
  std::vector<double> all, close;
};
constexpr double kClose = 5;  // arcsec

std::vector<bool> close_ones(const test::SimulatedSky& sky) {
  std::vector<bool> out(sky.sources.size());
  for (std::size_t i = 0; i < out.size(); ++i)
    for (std::size_t j = 0; j < out.size() && !out[i]; ++j) {
      const auto &a = sky.sources[i].position, &b = sky.sources[j].position;
      const double east = (a.ra - b.ra) * std::cos(a.dec * std::numbers::pi / 180) * 3600, north = (a.dec - b.dec) * 3600;
      out[i] = i != j && std::hypot(east, north) < kClose;
    }
  return out;
}

void add_pulls(Pulls& to, const std::vector<bool>& close, const std::vector<double>& flux,
               const std::vector<double>& ivar, const std::vector<double>& truth) {
  for (std::size_t i = 0; i < flux.size(); ++i) {
    if (!(ivar[i] > 0)) continue;
    const double pull = (flux[i] - truth[i]) * std::sqrt(ivar[i]);
    to.all.push_back(pull);
    if (close[i]) to.close.push_back(pull);
  }
}

std::vector<double> true_fluxes(const test::SimulatedSky& sky, std::size_t band) {
  std::vector<double> out;
  for (const auto& t : sky.truth)
    out.push_back(t[band] / (band < kWiseBands ? wise_band(static_cast<int>(band) + 1).ab_per_vega() : 1));
  return out;
}

double beyond(const std::vector<double>& pulls, double limit) {
  double n = 0;
  for (const double p : pulls) n += std::abs(p) > limit;
  return n / static_cast<double>(pulls.size());
}

void report(const char* band, const char* errors, const Pulls& p) {
  const test::Spread all = test::spread(p.all), close = test::spread(p.close);
  std::printf("%-4s %-9s all %5zu: median %+.2f width %.2f beyond 5: %.4f; close %5zu: median %+.2f width %.2f\n", band,
              errors, all.count, all.median, all.width, beyond(p.all, 5), close.count, close.median, close.width);
}

TEST(CrowdedErrors, OfMarginalFluxesAreWhatTheySay) {
  std::array<Pulls, kWiseBands + kGalexBands> noise, marginal;
  for (const std::uint64_t seed : {61, 62}) {
    const test::SimulatedSky sky(crowded_sky(seed));
    const std::vector<bool> close = close_ones(sky);
    const WiseData data(sky.wise_files());
    const GalexData galex_data(sky.directory / "galex");
    for (const bool joint : {false, true}) {
      WisePhotometryOptions options{.profiles = GalaxyProfiles::kSersic};
      options.coadds = false;
      options.errors.marginal = joint;
      const WisePhotometry wise = measure_wise(data, sky.brick, kBrickPixelScale, sky.models(), options);
      const GalexPhotometry galex = measure_galex(galex_data, sky.brick, kBrickPixelScale, sky.models(), {},
                                                  GalaxyProfiles::kSersic, options.errors);
      auto& to = joint ? marginal : noise;
      for (std::size_t b = 0; b < to.size(); ++b) {
        const bool is_wise = b < kWiseBands;
        add_pulls(to[b], close, is_wise ? wise.bands[b].flux : galex.bands[b - kWiseBands].flux,
                  is_wise ? wise.bands[b].flux_ivar : galex.bands[b - kWiseBands].flux_ivar, true_fluxes(sky, b));
      }
    }
  }
  for (std::size_t b = 0; b < marginal.size(); ++b) {
    report(simulate::kSpaceBands[b], "noise", noise[b]);
    report(simulate::kSpaceBands[b], "marginal", marginal[b]);
  }
}

}  // namespace
}  // namespace brickline
