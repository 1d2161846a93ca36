#include "core/fit/source_fitter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/support/engine_check.h"

namespace brickline {
namespace {

// Three images (g, r, z) of one source with a repeatable pattern for noise: the reference pipeline's fitting fixture.
struct ThreeBands {
  std::vector<Image<float>> data, inverse_error;
  std::vector<PsfKernel> psfs;
  std::vector<FitImage> images;
  std::vector<Wcs> wcs;

  explicit ThreeBands(const SourceModel& truth) {
    const char bands[3] = {'g', 'r', 'z'};
    const double sigma[3] = {0.02, 0.01, 0.03}, angle[3] = {3, -5, 183};
    const double dx[3] = {0.3, -0.4, 0.0}, dy[3] = {-0.2, 0.1, 0.45};
    const Box masks[3] = {{19, 82, 13, 76}, {18, 81, 13, 76}, {19, 82, 14, 77}};
    Renderer renderer;
    for (int i = 0; i < 3; ++i) {
      wcs.push_back(test::fixture_wcs(angle[i], dx[i], dy[i]));
      psfs.emplace_back(test::fixture_psf(bands[i]), 50, 45);
      data.emplace_back(100, 90);
      inverse_error.emplace_back(100, 90, static_cast<float>(1 / sigma[i]));
      for (int y = 0; y < 90; ++y)
        for (int x = 0; x < 100; ++x)
          data[i](x, y) = static_cast<float>(sigma[i] * std::sqrt(2.0) *
                                             std::sin(12.9898 * x + 78.233 * y + 37.719 * i + 0.5 * x * y));
      const PixelPosition at = *wcs[i].sky_to_pixel(truth.ra, truth.dec);
      const auto patch = renderer.patch(truth, at, {100, 90, wcs[i].cd(), &psfs[i]});
      add_patch(data[i].view(), *patch, static_cast<float>(truth.flux[i]));
    }
    for (int i = 0; i < 3; ++i) {
      FitImage f;
      f.data = data[i].const_view();
      f.inverse_error = inverse_error[i].const_view();
      f.band = i;
      f.cd = wcs[i].cd();
      f.local = *local_linear(wcs[i], 110, 24, LocalLinearWcs::Jacobian::kLocal);
      f.psf = &psfs[i];
      f.mask = masks[i];
      images.push_back(f);
    }
  }
};

SourceModel truth_of(SourceKind kind) {
  SourceModel s;
  s.kind = kind;
  s.ra = 109.99993;
  s.dec = 24.00002;
  s.flux = {4, 8, 12};
  switch (kind) {
    case SourceKind::kRex: s.shape = {std::log(0.5), 0, 0}; break;
    case SourceKind::kExp: s.shape = to_softened({0.9, 0.25, -0.1}); break;
    case SourceKind::kDev: s.shape = to_softened({1.1, 0.1, 0.2}); break;
    case SourceKind::kSer: s.shape = to_softened({1.0, 0.2, 0.15}); break;
    default: break;
  }
  s.sersic_index = 2.2;
  return s;
}

SourceModel start_of(SourceKind kind) {
  SourceModel s;
  s.kind = kind;
  s.ra = 109.99993 + 0.8e-4;
  s.dec = 24.00002 - 0.6e-4;
  s.flux = {3, 6, 9};
  s.shape = {-1, 0, 0};
  s.sersic_index = 4;
  return s;
}

class ReferenceFits : public testing::TestWithParam<std::pair<const char*, SourceKind>> {};

TEST_P(ReferenceFits, EndAsHighAndAtTheSameParameters) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const auto [name, kind] = GetParam();
  const nlohmann::json expected = test::engine_check()["fits"]["results"][name];
  const ThreeBands scene(truth_of(kind));
  SourceFitter fitter;
  const SourceModel start = start_of(kind);
  const FitResult before = fitter.evaluate(start, scene.images);
  EXPECT_NEAR(before.ln_prob, expected["lnprob_start"].get<double>(), 0.02);
  const FitResult r = fitter.fit(start, scene.images);
  EXPECT_EQ(r.status, FitStatus::kConverged);
  EXPECT_GE(r.ln_prob, expected["lnprob_polished"].get<double>() - 0.02);
  EXPECT_LE(r.ln_prob, expected["lnprob_polished"].get<double>() + 0.02);
  RecordProperty("ln_prob", std::to_string(r.ln_prob));
  std::vector<double> found = {r.model.ra, r.model.dec, r.model.flux[0], r.model.flux[1], r.model.flux[2]};
  if (kind != SourceKind::kPsf) found.push_back(r.model.shape.log_re);
  if (kind != SourceKind::kPsf && kind != SourceKind::kRex) {
    found.push_back(r.model.shape.ee1);
    found.push_back(r.model.shape.ee2);
  }
  if (kind == SourceKind::kSer) found.push_back(r.model.sersic_index);
  ASSERT_EQ(found.size(), expected["polished"].size());
  // The reference's variances of shapes are for (re, e1, e2); close enough to these for a tenth of a sigma.
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], expected["polished"][i].get<double>(),
                0.1 / std::sqrt(expected["ivars_mask"][i].get<double>()))
        << i;
}

INSTANTIATE_TEST_SUITE_P(EveryKind, ReferenceFits,
                         testing::Values(std::pair{"psf", SourceKind::kPsf}, std::pair{"rex", SourceKind::kRex},
                                         std::pair{"exp", SourceKind::kExp}, std::pair{"dev", SourceKind::kDev},
                                         std::pair{"ser", SourceKind::kSer}),
                         [](const auto& info) { return std::string(info.param.first); });

// The reference stops at ln P -13453 here, because one parameter at its bound stops all.
TEST(SourceFitter, ABoundedRadiusDoesNotStopTheOthers) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const ThreeBands scene(truth_of(SourceKind::kDev));
  SourceModel start = start_of(SourceKind::kDev);
  start.max_log_re = -0.2;
  SourceFitter fitter;
  const FitResult r = fitter.fit(start, scene.images);
  EXPECT_TRUE(r.ok()) << status_name(r.status);
  EXPECT_GE(r.ln_prob, -13373.4);
  EXPECT_NEAR(r.model.shape.log_re, -0.2, 1e-9);
  EXPECT_TRUE(r.at_radius_limit);
  EXPECT_NEAR(r.model.flux[1], 7.47986, 0.02);
}

TEST(SourceFitter, AConstantSkyPerImageIsFoundAlongWithTheSource) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  ThreeBands scene(truth_of(SourceKind::kPsf));
  const double offsets[3] = {0.005, -0.002, 0.01}, expected[3] = {0.004967, -0.002012, 0.009974};
  for (int i = 0; i < 3; ++i)
    for (int y = 0; y < 90; ++y)
      for (int x = 0; x < 100; ++x) scene.data[i](x, y) += static_cast<float>(offsets[i]);
  FitOptions options;
  options.fit_sky = true;
  SourceFitter fitter(options);
  const FitResult r = fitter.fit(start_of(SourceKind::kPsf), scene.images);
  EXPECT_EQ(r.status, FitStatus::kConverged);
  EXPECT_NEAR(r.ln_prob, -13369.8961, 0.02);
  ASSERT_EQ(r.sky.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(r.sky[i], expected[i], 3e-6) << i;
}

TEST(SourceFitter, ARexOnAStarShrinksToIt) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const ThreeBands scene(truth_of(SourceKind::kPsf));
  SourceFitter fitter;
  const FitResult r = fitter.fit(start_of(SourceKind::kRex), scene.images);
  EXPECT_TRUE(r.ok());
  EXPECT_GE(r.ln_prob, -13369.9035 - 0.02);
}

}  // namespace
}  // namespace brickline
