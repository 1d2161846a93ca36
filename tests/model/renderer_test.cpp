#include "core/model/renderer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/model/window_renderer.h"
#include "core/psf/stamp.h"
#include "tests/model/window_fixture.h"
#include "tests/support/engine_check.h"

namespace brickline {
namespace {

SourceModel model_of(const std::string& name) {
  SourceModel s;
  s.shape = {std::log(1.2), 0.3, -0.2};
  if (name == "psf") {
    s.kind = SourceKind::kPsf;
  } else if (name == "rex") {
    s.kind = SourceKind::kRex;
    s.shape = {std::log(0.6), 0, 0};
  } else if (name == "rex-small") {
    s.kind = SourceKind::kRex;
    s.shape = {-3, 0, 0};
  } else if (name == "exp" || name == "exp-E") {
    s.kind = SourceKind::kExp;
  } else if (name == "dev") {
    s.kind = SourceKind::kDev;
  } else if (name == "dev-big") {
    s.kind = SourceKind::kDev;
    s.shape = to_softened({8, 0.3, -0.2});
  } else if (name == "simple") {
    s.kind = SourceKind::kRex;
    s.shape = {std::log(0.45), 0, 0};
  } else if (name.rfind("ser", 0) == 0) {
    s.kind = SourceKind::kSer;
    s.sersic_index = std::stod(name.substr(3));
  }
  return s;
}

// Pixels, sums and extents of unit-flux sources that the reference pipeline's renderers gave.
TEST(Renderer, AgreesWithTheReferencePixelByPixel) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const nlohmann::json check = test::engine_check()["patches"];
  const Wcs wcs = test::fixture_wcs(3, 0, 0);
  const PsfKernel psf(test::fixture_psf('r'), 50, 45);
  const PixelPosition at = *wcs.sky_to_pixel(109.999937606, 24.000024851);
  EXPECT_NEAR(at.x, 50.3, 1e-4);
  const RenderTarget target{100, 90, wcs.cd(), &psf};
  const Box mask{20, 81, 15, 78};
  Renderer renderer;
  for (const auto& [name, cases] : check["results"].items()) {
    if (name == "exp-E") continue;  // its shape is checked with the derivatives
    const SourceModel source = model_of(name);
    for (const auto& [kind, expected] : cases.items()) {
      SCOPED_TRACE(name + " " + kind);
      const std::optional<Patch> patch =
          kind == "free" ? renderer.patch(source, at, target) : renderer.patch_on(mask, source, at, target);
      ASSERT_TRUE(patch);
      EXPECT_EQ(patch->x0, expected["x0"]);
      EXPECT_EQ(patch->y0, expected["y0"]);
      EXPECT_EQ(patch->pixels.width(), expected["w"]);
      EXPECT_EQ(patch->pixels.height(), expected["h"]);
      const bool split = name == "dev-big";
      double sum = 0;
      for (int y = 0; y < patch->pixels.height(); ++y)
        for (int x = 0; x < patch->pixels.width(); ++x) sum += patch->pixels(x, y);
      EXPECT_NEAR(sum, expected["sum"].get<double>(), split ? 1e-5 : 1e-6);
      for (const auto& [key, value] : expected["px"].items()) {
        if (value.is_null()) continue;
        const std::size_t comma = key.find(',');
        const int x = std::stoi(key.substr(0, comma)) - patch->x0,
                  y = std::stoi(key.substr(comma + 1)) - patch->y0;
        EXPECT_NEAR(patch->pixels(x, y), value.get<double>(), split ? 5e-7 : 2e-7) << key;
      }
    }
  }
}

// Derivatives that the reference takes as forward differences (+0.01 of logre, ee1, ee2; +-0.001 of n) on the
// mask.
TEST(WindowRenderer, DerivativesAgreeWithTheReferencesDifferences) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const nlohmann::json results = test::engine_check()["derivatives"]["results"];
  const Wcs wcs = test::fixture_wcs(3, 0, 0);
  const PsfKernel psf(test::fixture_psf('r'), 50, 45);
  const PixelPosition at = *wcs.sky_to_pixel(109.999937606, 24.000024851);
  const Box mask{20, 81, 15, 78};
  WindowRenderer renderer{RenderOptions{}};
  for (const char* name : {"rex", "exp", "exp-round", "dev", "ser2.5", "ser6"}) {
    SCOPED_TRACE(name);
    SourceModel source = model_of(name);
    if (std::string(name) == "exp-round") {
      source.kind = SourceKind::kExp;
      source.shape = {std::log(1.2), 0, 0};
    }
    WindowJob job;
    job.psf = &psf;
    job.window = mask;
    job.x = at.x;
    job.y = at.y;
    job.mixture = profile_mixture(source.kind, source.sersic_index, GalaxyProfiles::kReference);
    job.shape = shape_derivatives(source.shape, pixels_per_arcsec(wcs.cd()));
    job.reference_size = 128;
    const bool round = source.kind == SourceKind::kRex, index = source.kind == SourceKind::kSer;
    job.outputs = {true, round ? 1 : 3, index};
    const int pitch = window_pitch(mask.height());
    const std::size_t plane = static_cast<std::size_t>(pitch) * mask.width();
    AlignedFloats store(plane * kernels::kMaxPlanes);
    float* out[kernels::kMaxPlanes];
    for (int i = 0; i < kernels::kMaxPlanes; ++i) out[i] = store.data() + i * plane;
    ASSERT_TRUE(renderer.render(job, out));
    const HalfLogAxisRatio h = half_log_axis_ratio(source.shape.ee1, source.shape.ee2);
    const bool cone =
        source.shape.ee1 == 0 && source.shape.ee2 == 0;  // their differences are right-hand ones
    const auto value = [&](const std::string& key, std::size_t i) -> double {
      if (key == "brightness.r") return out[0][i];
      if (key == "shape.logre") return out[3][i];
      if (key == "shape.ee1") return out[4][i] + (cone ? -1 : h.by_ee1) * out[3][i];
      if (key == "shape.ee2") return out[5][i] + (cone ? -1 : h.by_ee2) * out[3][i];
      return out[6][i];
    };
    for (const auto& [key, expected] : results[name]["mask"].items()) {
      if (key.rfind("pos", 0) == 0) continue;  // central pixel differences: with the uncertainties
      double peak = 0, squares = 0;
      for (int x = 0; x < mask.width(); ++x)
        for (int y = 0; y < mask.height(); ++y) {
          const double v = value(key, static_cast<std::size_t>(x) * pitch + y);
          peak = std::max(peak, std::abs(v));
          squares += v * v;
        }
      EXPECT_NEAR(squares, expected["sumsq"].get<double>(), 0.04 * squares) << key;
      for (const auto& [pixel, want] : expected["px"].items()) {
        const std::size_t comma = pixel.find(',');
        const int x = std::stoi(pixel.substr(0, comma)) - mask.x0,
                  y = std::stoi(pixel.substr(comma + 1)) - mask.y0;
        EXPECT_NEAR(value(key, static_cast<std::size_t>(x) * pitch + y), want.get<double>(), 0.03 * peak)
            << key << " " << pixel;
      }
    }
  }
}

double sum_of(const Image<float>& image) {
  double sum = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) sum += image(x, y);
  return sum;
}

// A stamp of half-size pixels. On the image's pixels the figures are the reference's; between them the
// reference interpolates the fine stamp anew, while here it is brought to the image's pixels once and then
// shifted.
// A composite galaxy is its components in their proportion, which differs from band to band; without a band it is none.
TEST(Renderer, ACompositeGalaxyIsItsDiskAndItsBulge) {
  const PsfKernel psf(test::gaussian_stamp(31, 2), 2);
  SourceModel galaxy;
  galaxy.kind = SourceKind::kComp;
  galaxy.flux = {3, 5};
  galaxy.shape = to_softened({1.5, 0.3, 0.1});
  galaxy.bulge = Bulge{to_softened({0.6, 0, -0.2}), {0, 0.4}};
  RenderTarget target{90, 80, test::kFixtureCd, &psf};
  const PixelPosition at{41.3, 39.8};
  Renderer renderer;
  EXPECT_THROW(renderer.patch(galaxy, at, target), Error);
  for (const int band : {0, 1}) {
    target.band = band;
    const auto whole = renderer.patch(galaxy, at, target);
    ASSERT_TRUE(whole);
    const auto disk = renderer.patch_on(whole->box(), disk_of(galaxy), at, target),
               bulge = renderer.patch_on(whole->box(), bulge_of(galaxy), at, target);
    const float share = band == 0 ? 0 : 0.4F;
    for (int y = 0; y < whole->pixels.height(); ++y)
      for (int x = 0; x < whole->pixels.width(); ++x)
        ASSERT_NEAR(whole->pixels(x, y), (1 - share) * disk->pixels(x, y) + share * bulge->pixels(x, y),
                    2e-7);
  }
  const SourceModel again = composite_of(disk_of(galaxy), bulge_of(galaxy));
  EXPECT_EQ(again.flux, galaxy.flux);
  EXPECT_EQ(again.bulge->fraction, galaxy.bulge->fraction);
}

TEST(Renderer, StampsOfFinerPixelsAreBroughtToTheImagesGrid) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  std::vector<Image<float>> planes;
  planes.push_back(test::fixture_psf('r').stamp(50, 45));
  const Psf psf(std::move(planes), {}, 4.8, false, 0.5);
  const PsfKernel kernel(psf, 50, 45);
  const RenderTarget target{100, 90, test::fixture_wcs(3, 0, 0).cd(), &kernel};
  Renderer renderer;
  const auto centred = renderer.patch(model_of("psf"), {50, 45}, target);
  ASSERT_TRUE(centred);
  EXPECT_EQ(centred->box(), (Box{34, 66, 29, 61}));
  EXPECT_NEAR(sum_of(centred->pixels), 0.2496809, 5e-5);
  EXPECT_NEAR(centred->pixels(50 - 34, 45 - 29), 0.042965192, 2e-7);
  const auto between = renderer.patch(model_of("psf"), {50.3, 44.8}, target);
  ASSERT_TRUE(between);
  EXPECT_NEAR(sum_of(between->pixels), 0.2500203, 5e-4);
  EXPECT_NEAR(between->pixels(50 - 34, 45 - 29), 0.040485706, 0.03 * 0.040485706);
}

// The reference loses the last row and column of a stamp that is as small as the radius asked for (62 x 62
// pixels where there are 63 x 63); here all of it stays.
TEST(Renderer, CroppedStampsKeepWhatIsWithinTheRadius) {
  BRICKLINE_NEEDS_ENGINE_CHECK();
  const Image<float> stamp = test::fixture_psf('r').stamp(50, 45);
  struct Row {
    int radius;
    Box box;
    double sum;
  };
  for (const Row& row : {Row{10, {40, 61, 35, 56}, 0.9815543}, Row{15, {35, 66, 30, 61}, 0.9937590},
                         Row{31, {19, 82, 14, 77}, 0.9999997}, Row{100, {19, 82, 14, 77}, 0.9999997}}) {
    const PsfKernel kernel(crop_stamp(stamp, row.radius), 0);
    const RenderTarget target{100, 90, test::fixture_wcs(3, 0, 0).cd(), &kernel};
    const auto patch = Renderer().patch(model_of("psf"), {50.3, 44.8}, target);
    ASSERT_TRUE(patch);
    EXPECT_EQ(patch->box(), row.box) << row.radius;
    EXPECT_NEAR(sum_of(patch->pixels), row.sum, 2e-6) << row.radius;
  }
}

}  // namespace
}  // namespace brickline
