// What other light does to the fit of a source, against what it takes to move the source by as much.
#include "core/blobs/sensitivity.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "tests/blobs/field.h"

namespace brickline {
namespace {

using enum SourceKind;
using test::SyntheticSky;

struct Felt : testing::Test {
  SyntheticSky sky = [] {
    SyntheticSky s(90, 80);
    s.add(kPsf, 52.2, 46.1, {0.6, 0.9, 1.2});
    s.add(kExp, 40.4, 40.2, {60, 90, 130}, {2.6, 0.3, -0.2});
    s.expose(2);
    return s;
  }();
  BlobTask task = [&] {
    BlobTask t;
    t.blob = 0;
    t.box = Box::from_size(sky.brick.width(), sky.brick.height());
    t.mask = Image<std::uint8_t>(t.box.width(), t.box.height(), 1);
    return t;
  }();
  RenderOptions render{.profiles = GalaxyProfiles::kSersic};
  BlobImages images{sky.images, sky.bands, sky.brick, task, 400, render.profiles};
  ThreadTools tools{render};

  SourcePatches drawn(const SourceModel& m) { return images.draw_on_windows(m, tools); }
  // What is added where a source that was `from` is `to`.
  SourcePatches added(const SourceModel& from, const SourceModel& to) {
    const SourcePatches a = drawn(from), b = drawn(to);
    const std::array<const SourcePatches*, 1> before = {&a}, after = {&b};
    return light_added(before, after);
  }
  double felt(const SourceModel& by, const SourcePatches& more, bool with_fluxes = true) {
    const SourcePatches own = drawn(by);
    return Sensitivity(images, by, own).felt(images, own, more, with_fluxes);
  }
  double distance(const SourceModel& a, const SourceModel& b) { return images.distance(drawn(a), drawn(b)); }
};

// In sigmas, what changes of a source by itself move it by is how far it is from what it was.
TEST_F(Felt, IsInTheSourcesOwnSigmas) {
  const SourceModel& star = sky.truth[0];
  SourceModel brighter = star, moved = star;
  for (double& f : brighter.flux) f *= 1.05;
  moved.dec += 0.02 / 3600;
  const double of_flux = distance(star, brighter), of_place = distance(star, moved);
  EXPECT_NEAR(felt(star, added(star, brighter)), of_flux, 0.03 * of_flux);
  EXPECT_LT(felt(star, added(star, brighter), false), 0.03 * of_flux);
  EXPECT_NEAR(felt(star, added(star, moved)), of_place, 0.1 * of_place);
  EXPECT_NEAR(felt(star, added(star, moved), false), of_place, 0.1 * of_place);
  SourceModel bound = star;  // it never moves
  bound.motion = SkyMotion{0, 0, 0, 0};
  EXPECT_LT(felt(bound, added(star, moved)), 0.03 * of_place);

  const SourceModel& galaxy = sky.truth[1];
  SourceModel larger = galaxy, rounder = galaxy;
  larger.shape.log_re += 0.005;
  rounder.shape.ee1 -= 0.005;
  EXPECT_GT(felt(galaxy, added(galaxy, larger)), 0.8 * distance(galaxy, larger));
  EXPECT_GT(felt(galaxy, added(galaxy, rounder)), 0.8 * distance(galaxy, rounder));
}

// A star on the slope of a bright galaxy: what another shape of that does to it, its overlap with the galaxy does not tell.
TEST_F(Felt, OfAFaintStarIsMoreThanItsOverlapTells) {
  const SourceModel &star = sky.truth[0], &galaxy = sky.truth[1];
  SourceModel turned = galaxy;
  turned.shape.ee1 -= 0.01;
  const SourcePatches a = drawn(star), b = drawn(galaxy);
  double strongest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double own = 0, its = 0, both = 0;
    for (int y = a[i]->y0; y < a[i]->box().y1; ++y)
      for (int x = a[i]->x0; x < a[i]->box().x1; ++x)
        own += std::pow(a[i]->pixels(x - a[i]->x0, y - a[i]->y0), 2);
    for (int y = b[i]->y0; y < b[i]->box().y1; ++y)
      for (int x = b[i]->x0; x < b[i]->box().x1; ++x) {
        const double v = b[i]->pixels(x - b[i]->x0, y - b[i]->y0);
        its += v * v;
        if (a[i]->box().contains(x, y)) both += v * a[i]->pixels(x - a[i]->x0, y - a[i]->y0);
      }
    strongest = std::max(strongest, both / std::sqrt(own * its));
  }
  EXPECT_GT(felt(star, added(galaxy, turned)), 2 * strongest * distance(galaxy, turned));
}

}  // namespace
}  // namespace brickline
