// Errors of fluxes whose positions and shapes were fitted elsewhere, on skies whose truth is known.
#include "core/forced/flux_errors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <numbers>
#include <numeric>

#include "tests/forced/synthetic_ccd.h"

namespace brickline {
namespace {

using test::SyntheticCcd;

constexpr double kSig1 = 0.02;  // nanomaggies per pixel
constexpr int kSpacing = 64, kSide = 576, kExposures = 2;

std::vector<float> covariance_of(double position_arcsec, double radius_arcsec) {
  std::vector<float> out(21);
  out[0] = out[2] = static_cast<float>(std::pow(position_arcsec / 3600, 2));
  out[5] = static_cast<float>(std::pow(radius_arcsec, 2));
  return out;
}

SkyPosition moved(const SkyPosition& p, double east_arcsec, double north_arcsec) {
  return {p.ra + east_arcsec / 3600 / std::cos(p.dec * std::numbers::pi / 180), p.dec + north_arcsec / 3600};
}

struct Pulls {
  std::vector<double> galaxies, stars;                    // by the averages' errors
  std::vector<double> galaxies_by_noise, stars_by_noise;  // by the measurements'
};

// Galaxies with a star beside each, as a catalog has them whose positions and radii are off by `position_arcsec` and
// `radius_arcsec`, in two exposures.
Pulls measure(double position_arcsec, double radius_arcsec, double noise = 1) {
  constexpr double kRe = 0.8, kGalaxy = 6, kStar = 3, kBeside = 1;
  const simulate::SersicProfile profile(1, 4);
  Pulls out;
  for (std::uint64_t field = 0; field < 4; ++field) {
    simulate::Random random(40 + field, simulate::Stream::kStar, {0});
    std::deque<SyntheticCcd> exposures;
    for (int e = 0; e < kExposures; ++e)
      exposures.emplace_back(kSide, kSide, kSig1, "z", SyntheticCcd::kFwhm + 0.5 * e);
    std::vector<ForcedSource> sources;
    for (int y = kSpacing / 2; y < kSide; y += kSpacing)
      for (int x = kSpacing / 2; x < kSide; x += kSpacing) {
        const SkyPosition p = exposures[0].sky(x + random.uniform(-4, 4), y + random.uniform(-4, 4));
        const SkyPosition beside = moved(p, kBeside, 0);
        for (SyntheticCcd& ccd : exposures) {
          ccd.add_galaxy(p, kGalaxy, profile, kRe);
          ccd.add_star(beside, kStar);
        }
        const auto off = [&](const SkyPosition& from) {
          const double east = random.normal(0, 1), north = random.normal(0, 1);
          return moved(from, position_arcsec * east, position_arcsec * north);
        };
        sources.push_back(
            test::galaxy_at(off(p), SourceKind::kExp, kRe + radius_arcsec * random.normal(0, 1)));
        sources.back().covariance = covariance_of(position_arcsec, radius_arcsec);
        sources.push_back(test::star_at(off(beside)));
        sources.back().covariance = covariance_of(position_arcsec, 0);
      }
    std::vector<std::size_t> places(sources.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    AveragedFluxErrors errors(sources.size());
    std::vector<double> flux(sources.size()), weight(sources.size());
    ForcedOptions options;
    options.errors = true;
    for (std::size_t e = 0; e < exposures.size(); ++e) {
      SyntheticCcd& ccd = exposures[e];
      // What the weights do not know of.
      simulate::Random more(70 + 10 * field + e, simulate::Stream::kWise, {1});
      for (int y = 0; y < kSide; ++y)
        for (int x = 0; x < kSide; ++x)
          ccd.image.data(x, y) += static_cast<float>(more.normal(0, noise * kSig1));
      const ForcedResult r = measure_forced(ccd.image, sources, options);
      for (std::size_t i = 0; i < sources.size(); ++i) {
        flux[i] += r.rows[i].flux * r.rows[i].flux_ivar;
        weight[i] += r.rows[i].flux_ivar;
        errors.add(i, r.rows[i].flux_ivar, r.rows[i].errors.value(), places);
      }
    }
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const bool star = i % 2 == 1;
      const double off = flux[i] / weight[i] - (star ? kStar : kGalaxy);
      (star ? out.stars : out.galaxies).push_back(off * std::sqrt(errors.inverse_variance(i, sources)));
      (star ? out.stars_by_noise : out.galaxies_by_noise).push_back(off * std::sqrt(weight[i]));
    }
  }
  return out;
}

TEST(FluxErrors, KnowOfNeighboursFluxes) {
  const Pulls p = measure(0, 0);
  EXPECT_NEAR(test::spread(p.galaxies).width, 1, 0.1);
  EXPECT_NEAR(test::spread(p.stars).width, 1, 0.1);
  EXPECT_GT(test::spread(p.stars_by_noise).width, 1.15);
}

TEST(FluxErrors, KnowOfShapesAndPositions) {
  const Pulls p = measure(0.05, 0.08);
  EXPECT_NEAR(test::spread(p.galaxies).width, 1, 0.12);
  EXPECT_NEAR(test::spread(p.stars).width, 1, 0.12);
  EXPECT_GT(test::spread(p.galaxies_by_noise).width, 1.7);
  EXPECT_GT(test::spread(p.stars_by_noise).width, 1.7);
}

TEST(FluxErrors, GrowWhereResidualsAreLargerThanThePixelsErrors) {
  const Pulls p = measure(0, 0, 1.5);
  EXPECT_NEAR(test::spread(p.galaxies).width, 1, 0.15);
  EXPECT_GT(test::spread(p.galaxies_by_noise).width, 1.4);
}

TEST(FluxErrors, KnowOfWhatFluxesOfFittedBandsHaveInCommon) {
  // Each flux errs by 5 % together with the others, and by its own noise.
  const std::vector<float> flux = {2, 4, 0.1F};
  std::vector<float> covariance(45);
  for (std::size_t a = 0; a < 3; ++a)
    for (std::size_t b = 0; b <= a; ++b) {
      const std::size_t row = ForcedSource::kFitted + a;
      covariance[row * (row + 1) / 2 + ForcedSource::kFitted + b] =
          0.0025F * flux[a] * flux[b] + (a == b ? 0.01F : 0);
    }
  covariance[43] += 0.5F;  // with what is not significant
  EXPECT_NEAR(common_flux_variance(covariance, flux), 0.0025, 1e-6);
  EXPECT_EQ(common_flux_variance(covariance, std::span(flux).first(1)), 0);
  EXPECT_EQ(common_flux_variance({}, flux), 0);
  std::vector<ForcedSource> sources = {test::star_at({150, 40})};
  sources[0].common_variance = 0.0025;
  FluxErrors errors;
  errors.flux = 10;
  errors.variance = 0.04;
  const std::size_t places[] = {0};
  AveragedFluxErrors averages(1);
  averages.add(0, 25, errors, places);
  averages.add(0, 25, errors, places);
  EXPECT_NEAR(averages.inverse_variance(0, sources), 1 / (0.02 + 0.25), 1e-6);
}

TEST(FluxErrors, OfWhatIsNotMeasuredAreZero) {
  SyntheticCcd ccd(100, 100, kSig1);
  const SkyPosition at = ccd.sky(50, 50);
  ccd.add_star(at, 3);
  const std::vector<ForcedSource> sources = {test::star_at(at), test::star_at(at),
                                             test::star_at(ccd.sky(3000, 50))};
  ForcedOptions options;
  options.errors = true;
  const ForcedResult r = measure_forced(ccd.image, sources, options);
  AveragedFluxErrors errors(3);
  const std::size_t places[] = {0, 1, 2};
  for (std::size_t i = 0; i < 3; ++i) errors.add(i, r.rows[i].flux_ivar, r.rows[i].errors.value(), places);
  EXPECT_EQ(errors.inverse_variance(2, sources), 0);
  // Two at one place may have any flux.
  EXPECT_GT(r.rows[0].flux_ivar, 0);
  EXPECT_EQ(errors.inverse_variance(0, sources), 0);
}

}  // namespace
}  // namespace brickline
