#include "core/model/mixture.h"

#include <gtest/gtest.h>

#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/model/sersic_gaussians.h"
#include "tests/support/data.h"

namespace brickline {
namespace {

TEST(Mixture, SersicMatchesTheReferenceTablesAtEveryIndex) {
  const auto path = test::spec_data_dir() / "sersic-mixture-check.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "figures absent: " << path;
  std::ifstream file(path);
  const nlohmann::json cases = nlohmann::json::parse(file);
  ASSERT_GT(cases.size(), 40u);
  for (const auto& c : cases) {
    const Mixture m = sersic_mixture(c["n"]);
    ASSERT_EQ(m.size, static_cast<int>(c["amp"].size())) << c["n"];
    for (int k = 0; k < m.size; ++k) {
      EXPECT_NEAR(m.amplitude[k], c["amp"][k].get<double>(), 1e-9) << c["n"];
      EXPECT_NEAR(m.variance[k], c["var"][k].get<double>(), 1e-9) << c["n"];
    }
  }
}

TEST(Mixture, FluxIsOneForEveryProfile) {
  for (const double n : {0.3, 0.5, 0.6, 0.99, 1.0, 1.01, 2.9, 3.0, 6.0, 9.0}) {
    const Mixture m = sersic_mixture(n);
    EXPECT_NEAR(std::accumulate(m.amplitude.begin(), m.amplitude.begin() + m.size, 0.0), 1, 1e-12) << n;
    EXPECT_NEAR(std::accumulate(m.amplitude_dn.begin(), m.amplitude_dn.begin() + m.size, 0.0), 0, 1e-12) << n;
  }
  for (const SourceKind kind : {SourceKind::kExp, SourceKind::kDev}) {
    const Mixture m = profile_mixture(kind, 0, GalaxyProfiles::kReference);
    EXPECT_NEAR(std::accumulate(m.amplitude.begin(), m.amplitude.begin() + m.size, 0.0), 1, 1e-12);
  }
}

TEST(Mixture, IndexDerivativesMatchDifferences) {
  for (const double n : {0.35, 0.47, 0.55, 0.6, 0.65, 0.9, 1.2, 2.2, 4.4, 5.9}) {
    const double h = 1e-5;
    const Mixture m = sersic_mixture(n), up = sersic_mixture(n + h), down = sersic_mixture(n - h);
    for (int k = 0; k < m.size; ++k) {
      EXPECT_NEAR(m.amplitude_dn[k], (up.amplitude[k] - down.amplitude[k]) / (2 * h), 1e-5) << n;
      EXPECT_NEAR(m.variance_dn[k], (up.variance[k] - down.variance[k]) / (2 * h), 1e-5) << n;
    }
  }
}

// Half-light radii of the mixtures, in r_e: what the reference pipeline's profiles have.
TEST(Mixture, HalfLightRadiiAreTheProfiles) {
  const auto enclosed = [](const Mixture& m, double r) {
    double sum = 0;
    for (int k = 0; k < m.size; ++k)
      sum += m.amplitude[k] * (m.variance[k] > 0 ? 1 - std::exp(-r * r / (2 * m.variance[k])) : 1);
    return sum;
  };
  EXPECT_NEAR(enclosed(exponential_mixture(), 0.9862), 0.5, 1e-4);
  EXPECT_NEAR(enclosed(exponential_mixture(), 2.2231), 0.9, 1e-4);
  EXPECT_NEAR(enclosed(de_vaucouleurs_mixture(), 0.8996), 0.5, 1e-4);
  EXPECT_NEAR(enclosed(de_vaucouleurs_mixture(), 4.0422), 0.9, 1e-4);
  EXPECT_NEAR(enclosed(sersic_mixture(0.5), 1.0), 0.5, 1e-4);
  EXPECT_NEAR(enclosed(sersic_mixture(6), 0.7895), 0.5, 1e-4);
}

double light_within(const Mixture& m, double r, double psf_sigma = 0) {
  double sum = 0;
  for (int k = 0; k < m.size; ++k)
    sum -= m.amplitude[k] * std::expm1(-r * r / 2 / (m.variance[k] + psf_sigma * psf_sigma));
  return sum;
}

// P(2n, b r^(1/n)), the light of a Sersic profile within r effective radii.
double exact_light_within(double n, double r) {
  const double b = boost::math::gamma_p_inv(2 * n, 0.5);
  return boost::math::gamma_p(2 * n, b * std::pow(r, 1 / n));
}

TEST(WholeProfiles, HoldTheLightOfASersicProfileWithinEveryRadius) {
  for (const double n : {0.5, 0.503, 0.51, 0.55, 0.6, 0.8, 1.0, 1.7, 2.5, 4.0, 6.0}) {
    const Mixture m = whole_sersic_mixture(n);
    for (const double r : {0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.2, 3.5, 5.0, 8.0})
      EXPECT_NEAR(light_within(m, r), exact_light_within(n, r), n < 3 ? 2e-3 : 5e-3) << n << " " << r;
    EXPECT_NEAR(light_within(m, 1), 0.5, 1.5e-3) << n;
  }
  for (const double r : {0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.2, 3.5, 5.0, 8.0}) {
    EXPECT_NEAR(light_within(whole_exponential_mixture(), r), exact_light_within(1, r), 2e-3) << r;
    EXPECT_NEAR(light_within(whole_de_vaucouleurs_mixture(), r), exact_light_within(4, r), 3e-3) << r;
  }
}

TEST(WholeProfiles, FluxIsOneAndIndexDerivativesMatchDifferences) {
  const double h = 1e-6;
  for (const double n : {0.501, 0.52, 0.6, 1.0, 2.0, 3.99, 6.0}) {
    const Mixture m = whole_sersic_mixture(n), up = whole_sersic_mixture(n + h),
                  down = whole_sersic_mixture(n - h);
    double sum = 0;
    for (int k = 0; k < m.size; ++k) {
      sum += m.amplitude[k];
      EXPECT_GT(m.variance[k], k > 0 ? m.variance[k - 1] : 0) << n;
      EXPECT_NEAR(m.amplitude_dn[k], (up.amplitude[k] - down.amplitude[k]) / (2 * h), 1e-5) << n << " " << k;
      EXPECT_NEAR(m.variance_dn[k], (up.variance[k] - down.variance[k]) / (2 * h), 1e-5 * (1 + m.variance[k]))
          << n << " " << k;
    }
    EXPECT_NEAR(sum, 1, 1e-12) << n;
  }
}

TEST(WholeProfiles, OfFixedIndexAreThoseOfTheFittedIndex) {
  const auto radii = {0.2, 0.5, 1.0, 2.0, 4.0};
  for (const double r : radii) {
    EXPECT_NEAR(light_within(profile_mixture(SourceKind::kExp, 0, GalaxyProfiles::kSersic), r, 0.2),
                light_within(profile_mixture(SourceKind::kSer, 1, GalaxyProfiles::kSersic), r, 0.2), 1e-3);
    EXPECT_NEAR(light_within(profile_mixture(SourceKind::kDev, 0, GalaxyProfiles::kSersic), r, 0.2),
                light_within(profile_mixture(SourceKind::kSer, 4, GalaxyProfiles::kSersic), r, 0.2), 1e-5);
  }
}

}  // namespace
}  // namespace brickline
