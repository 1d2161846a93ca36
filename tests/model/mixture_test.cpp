#include "core/model/mixture.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

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
    const Mixture m = profile_mixture(kind, 0);
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

}  // namespace
}  // namespace brickline
