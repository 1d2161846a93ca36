#include "core/fit/flux_solver.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/engine_check.h"

namespace brickline {
namespace {

SourceModel model_from(const nlohmann::json& d) {
  SourceModel s;
  s.ra = d["ra"];
  s.dec = d["dec"];
  const std::string type = d["type"];
  if (type == "exp") s.kind = SourceKind::kExp;
  if (type == "dev") s.kind = SourceKind::kDev;
  if (type == "ser") s.kind = SourceKind::kSer;
  if (!d["shape"].is_null()) {
    s.shape = to_softened({d["shape"][0], d["shape"][1], d["shape"][2]});
    if (d["shape"].size() > 3) s.sersic_index = d["shape"][3];
  }
  if (d.contains("n") && !d["n"].is_null()) s.sersic_index = d["n"];
  return s;
}

// Seven sources (a blend, two on the edge, one negative, one off the image) on one image with masked pixels.
struct ForcedScene {
  std::vector<UnitModel> models;
  std::vector<double> truth;
  Image<float> data{100, 90}, inverse_error{100, 90, 100.0f};
  nlohmann::json expected;

  ForcedScene() : expected(test::engine_check()["forced"]["results"]) {
    const Wcs wcs = test::fixture_wcs(-5, -0.4, 0.1);
    const Psf psf = test::fixture_psf('r');
    Renderer renderer;
    int index = 0;
    for (const auto& d : expected["defs"]) {
      const SourceModel s = model_from(d);
      truth.push_back(d["true_flux"]);
      const PixelPosition at = *wcs.sky_to_pixel(s.ra, s.dec);
      const PsfKernel kernel(psf, at.x, at.y);
      if (auto patch = renderer.patch(s, at, {100, 90, wcs.cd(), &kernel}))
        models.push_back({index, std::move(*patch)});
      ++index;
    }
    for (int y = 0; y < 90; ++y)
      for (int x = 0; x < 100; ++x) {
        data(x, y) =
            static_cast<float>(0.01 * std::sqrt(2.0) * std::sin(12.9898 * x + 78.233 * y + 0.5 * x * y));
        if ((y >= 10 && y <= 13) || (y >= 44 && y <= 45 && x >= 52 && x <= 53)) inverse_error(x, y) = 0;
      }
    for (const UnitModel& m : models) add_patch(data.view(), m.patch, static_cast<float>(truth[m.source]));
  }
};

TEST(FluxSolver, FluxesAndStatisticsMatchTheReference) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const ForcedScene scene;
  const FluxImage image{scene.data.const_view(), scene.inverse_error.const_view(), scene.models};
  const std::vector<double> start(scene.truth.size(), 1.0);
  const FluxResult r = solve_fluxes({&image, 1}, start);
  const auto& reference = scene.expected["ceres"];
  for (const auto& [key, value] : scene.expected["exact_flux"].items()) {
    const int s = std::stoi(key);
    EXPECT_NEAR(r.flux[s], value.get<double>(), 1e-6 * std::abs(value.get<double>()) + 1e-7) << s;
    EXPECT_NEAR(r.inverse_variance[s], reference["IV"][s].get<double>(),
                1e-5 * reference["IV"][s].get<double>())
        << s;
    const FluxStatistics& t = r.statistics[s];
    const auto near = [&](double found, const char* name, double relative) {
      const double want = reference[name][s];
      EXPECT_NEAR(found, want, relative * std::abs(want) + 1e-7) << name << " " << s;
    };
    near(t.prochi2, "prochi2", 2e-4);
    near(t.pronpix, "pronpix", 1e-5);
    near(t.promasked, "promasked", 1e-4);
    near(t.npix, "npix",
         2e-3);  // a few pixels of a galaxy's far field are exactly 0 in one rounding, not the other
    near(t.proflux, "proflux", 1e-3);
    near(t.profracflux, "profracflux", 1e-3);
    near(t.fracin, "fracin", 1e-5);
  }
  EXPECT_DOUBLE_EQ(r.flux[6], 1.0);
  EXPECT_EQ(r.inverse_variance[6], 0);
  EXPECT_NEAR(-0.5 * r.chi2(), -4253.5185, 0.001);
  EXPECT_EQ(r.image_npix[0], 8596);
}

TEST(FluxSolver, SkyOfEachImageIsSolvedWithTheFluxes) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  ForcedScene scene;
  const std::vector<double> start(scene.truth.size(), 1.0);
  FluxOptions options;
  options.fit_sky = true;
  const FluxImage image{scene.data.const_view(), scene.inverse_error.const_view(), scene.models};
  const FluxResult before = solve_fluxes({&image, 1}, start, options);
  for (int y = 0; y < 90; ++y)
    for (int x = 0; x < 100; ++x) scene.data(x, y) += 0.25f;
  const FluxResult after = solve_fluxes({&image, 1}, start, options);
  EXPECT_NEAR(after.image_sky[0] - before.image_sky[0], 0.25, 1e-6);
  for (int s = 0; s < 6; ++s) EXPECT_NEAR(after.flux[s], before.flux[s], 2e-5);
}

TEST(FluxSolver, IdenticalSourcesShareTheFlux) {
  Image<float> data(9, 9), inverse_error(9, 9, 1.0f);
  Patch patch{Image<float>(3, 3, 1.0f / 9), 3, 3};
  add_patch(data.view(), patch, 10);
  const std::vector<UnitModel> models = {{0, patch}, {1, patch}};
  const FluxImage image{data.const_view(), inverse_error.const_view(), models};
  const std::vector<double> start = {1, 1};
  const FluxResult r = solve_fluxes({&image, 1}, start);
  EXPECT_NEAR(r.flux[0], 5, 1e-3);
  EXPECT_NEAR(r.flux[1], 5, 1e-3);
}

TEST(FluxSolver, UnusablePixelsAreMaskedPixels) {
  Image<float> data(9, 9), inverse_error(9, 9, 2.0f);
  Patch patch{Image<float>(5, 5, 1.0f / 25), 2, 2};
  add_patch(data.view(), patch, 10);
  data(3, 3) = std::nanf("");
  data(4, 4) = INFINITY;
  inverse_error(5, 5) = INFINITY;
  inverse_error(2, 2) = -1;
  inverse_error(2, 3) = std::nanf("");
  const std::vector<UnitModel> models = {{0, patch}};
  const FluxImage image{data.const_view(), inverse_error.const_view(), models};
  const std::vector<double> start = {1};
  const FluxResult r = solve_fluxes({&image, 1}, start);
  EXPECT_NEAR(r.flux[0], 10, 1e-5);
  EXPECT_EQ(r.image_npix[0], 81 - 5);
  EXPECT_EQ(r.statistics[0].npix, 20);
}

TEST(FluxSolver, NothingToSolveIsNoError) {
  EXPECT_TRUE(solve_fluxes({}, {}).flux.empty());
  const std::vector<double> start = {3};
  const FluxResult r = solve_fluxes({}, start);
  EXPECT_EQ(r.flux[0], 3);
  EXPECT_EQ(r.inverse_variance[0], 0);
}

}  // namespace
}  // namespace brickline
