#include "core/fit/uncertainties.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "tests/support/three_bands.h"

namespace brickline {
namespace {

using test::ThreeBands;
using test::truth_of;

SourceModel end_of(const nlohmann::json& fit, SourceKind kind) {
  const auto& end = fit["end"];
  SourceModel s;
  s.kind = kind;
  s.ra = end[0];
  s.dec = end[1];
  s.flux = {end[2], end[3], end[4]};
  if (kind != SourceKind::kPsf) s.shape.log_re = end[5];
  if (kind != SourceKind::kPsf && kind != SourceKind::kRex) {
    s.shape.ee1 = end[6];
    s.shape.ee2 = end[7];
  }
  if (kind == SourceKind::kSer) s.sersic_index = end[8];
  return s;
}

// Position, fluxes and index: what the reference's fits list in the same form.
std::vector<double> in_order(const InverseVariances& v, SourceKind kind) {
  std::vector<double> out = {v.ra, v.dec, v.flux[0], v.flux[1], v.flux[2]};
  if (kind == SourceKind::kSer) out.push_back(v.sersic_index);
  return out;
}

class Variances : public testing::TestWithParam<std::pair<const char*, SourceKind>> {};

TEST_P(Variances, MatchTheReferencesWithItsDifferences) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const auto [name, kind] = GetParam();
  const nlohmann::json expected = test::engine_check()["fits"]["results"][name];
  ThreeBands scene(truth_of(kind));
  const SourceModel end = end_of(expected, kind);
  for (const bool masked : {true, false}) {
    if (!masked)
      for (FitImage& image : scene.images) image.mask = {};
    const std::vector<double> found = in_order(inverse_variances(end, scene.images), kind);
    const auto& want = expected[masked ? "ivars_mask" : "ivars_nomask"];
    for (std::size_t i = 0; i < found.size(); ++i) {
      double target = i < 5 ? want[i] : want[8];
      // The reference's unmasked point-source value is per degree of RA itself.
      const double cosine = std::cos(end.dec * std::numbers::pi / 180);
      if (i == 0 && kind == SourceKind::kPsf && !masked) target /= cosine * cosine;
      EXPECT_NEAR(found[i], target, (i < 5 ? 1e-4 : 1e-3) * target)
          << (masked ? "masked " : "unmasked ") << i;
    }
  }
}

// The differences shrink to the derivatives: exact values are near, and never below by more than the coarse
// steps lose.
TEST_P(Variances, ExactOnesAreNearTheReferences) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const auto [name, kind] = GetParam();
  const nlohmann::json expected = test::engine_check()["fits"]["results"][name];
  const ThreeBands scene(truth_of(kind));
  const SourceModel end = end_of(expected, kind);
  UncertaintyOptions options;
  const std::vector<double> coarse = in_order(inverse_variances(end, scene.images, options), kind);
  options.derivatives = DerivativeKind::kExact;
  const std::vector<double> exact = in_order(inverse_variances(end, scene.images, options), kind);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    if (i < 2) {
      EXPECT_GT(exact[i] / coarse[i], 1.02) << i;
      EXPECT_LT(exact[i] / coarse[i], 1.2) << i;
    } else {
      EXPECT_NEAR(exact[i] / coarse[i], 1, 0.01) << i;
    }
  }
}

// Sums of squared derivatives by (re, e1, e2, n) on one image of unit weights.
TEST(ShapeVariances, InTheCatalogsFormMatchTheReferences) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const nlohmann::json results = test::engine_check()["derivatives"]["results"];
  const Wcs wcs = test::fixture_wcs(3, 0, 0);
  const PsfKernel psf(test::fixture_psf('r'), 50, 45);
  const Image<float> data(100, 90), inverse_error(100, 90, 1.0f);
  FitImage image;
  image.data = data.const_view();
  image.inverse_error = inverse_error.const_view();
  image.cd = wcs.cd();
  image.psf = &psf;
  SourceModel s;
  s.ra = 109.999937606;
  s.dec = 24.000024851;
  s.flux = {1};
  image.local = *local_linear(wcs, s.ra, s.dec);
  s.shape = to_softened({1.2, 0.3, -0.2});
  s.sersic_index = 2.5;
  for (const bool sersic : {false, true})
    for (const bool masked : {true, false}) {
      const auto& want = results[sersic ? "ser-E" : "exp-E"][masked ? "mask" : "nomask"];
      s.kind = sersic ? SourceKind::kSer : SourceKind::kExp;
      image.mask = masked ? Box{20, 81, 15, 78} : Box{};
      const InverseVariances v = inverse_variances(s, {&image, 1});
      const auto near = [&](double found, const char* name, double relative) {
        const double target = want[name]["sumsq"];
        EXPECT_NEAR(found, target, relative * target) << name << (sersic ? " SER" : " EXP");
      };
      near(v.ra, "pos.ra", 1e-4);
      near(v.dec, "pos.dec", 1e-4);
      near(v.flux[0], "brightness.r", 1e-5);
      near(v.re, "shape.re", 1e-4);
      near(v.e1, "shape.e1", 1e-4);
      near(v.e2, "shape.e2", 1e-4);
      if (sersic) near(v.sersic_index, "sersicindex.LegacySersicIndex", 1e-3);
    }
}

INSTANTIATE_TEST_SUITE_P(EveryKind, Variances,
                         testing::Values(std::pair{"psf", SourceKind::kPsf},
                                         std::pair{"rex", SourceKind::kRex},
                                         std::pair{"exp", SourceKind::kExp},
                                         std::pair{"dev", SourceKind::kDev},
                                         std::pair{"ser", SourceKind::kSer}),
                         [](const auto& info) { return std::string(info.param.first); });

}  // namespace
}  // namespace brickline
