#include "core/model/renderer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

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
        const int x = std::stoi(key.substr(0, comma)) - patch->x0, y = std::stoi(key.substr(comma + 1)) - patch->y0;
        EXPECT_NEAR(patch->pixels(x, y), value.get<double>(), split ? 5e-7 : 2e-7) << key;
      }
    }
  }
}

}  // namespace
}  // namespace brickline
