#include "tools/simulate_survey/space_tile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tools/simulate_survey/renderer.h"

namespace brickline::simulate {
namespace {

double in_circle(double ra) { return ra < 0 ? ra + 360 : ra >= 360 ? ra - 360 : ra; }

}  // namespace

std::string SpaceTile::id() const {
  return fmt::format("{:04d}{}{:03d}", static_cast<int>(centre.ra * 10), centre.dec < 0 ? 'm' : 'p',
                     static_cast<int>(std::abs(centre.dec) * 10));
}

std::vector<SpaceTile> tiles_about(const Region& region, int per_side, double side_degrees,
                                   double pixel_scale_arcsec, int tile_pixels, int margin) {
  std::vector<SpaceTile> tiles;
  const double step = pixel_scale_arcsec / 3600;
  const double cosine = std::cos(region.centre.dec * std::numbers::pi / 180);
  for (int j = 0; j < per_side; ++j)
    for (int i = 0; i < per_side; ++i) {
      SpaceTile t;
      const auto offset = [&](int k) { return (k - (per_side - 1) / 2.0) * side_degrees; };
      t.centre = {in_circle(region.centre.ra + offset(i) / cosine), region.centre.dec + offset(j)};
      t.ra1 = in_circle(region.centre.ra + (offset(i) - side_degrees / 2) / cosine);
      t.ra2 = in_circle(region.centre.ra + (offset(i) + side_degrees / 2) / cosine);
      t.dec1 = region.centre.dec + offset(j) - side_degrees / 2;
      t.dec2 = region.centre.dec + offset(j) + side_degrees / 2;
      t.geometry.reference_sky = t.centre;
      t.geometry.cd = {-step, 0, 0, step};
      t.geometry.reference_pixel = {(tile_pixels - 1) / 2.0, (tile_pixels - 1) / 2.0};
      double x0 = 1e9, x1 = -1e9, y0 = 1e9, y1 = -1e9;
      for (double x : {0.0, region.size - 1.0})
        for (double y : {0.0, region.size - 1.0}) {
          const SkyPoint s = region.geometry.to_sky(x, y);
          const auto at = t.geometry.to_pixel(s.ra, s.dec);
          if (!at) continue;
          x0 = std::min(x0, at->x);
          x1 = std::max(x1, at->x);
          y0 = std::min(y0, at->y);
          y1 = std::max(y1, at->y);
        }
      const Box part = intersection(
          {static_cast<int>(std::floor(x0)) - margin, static_cast<int>(std::ceil(x1)) + margin + 1,
           static_cast<int>(std::floor(y0)) - margin, static_cast<int>(std::ceil(y1)) + margin + 1},
          Box::from_size(tile_pixels, tile_pixels));
      if (part.empty()) continue;
      t.geometry.reference_pixel.x -= part.x0;
      t.geometry.reference_pixel.y -= part.y0;
      t.width = part.width();
      t.height = part.height();
      tiles.push_back(t);
    }
  return tiles;
}

std::vector<RenderedSource> catalog_profiles(const std::vector<Source>& sources) {
  return prepare_profiles(sources, [](double n) { return 4 + std::clamp(n - 1, 0.0, 3.0) / 3 * 4; });
}

Image<float> tile_light(const SpaceTile& tile, const ImageGeometry& geometry,
                        const std::vector<RenderedSource>& sources, const std::vector<double>& fluxes,
                        const Moffat& psf, const MoffatTransform& transform, double faintest_brightness) {
  constexpr double kFarthest = 200;  // pixels beyond the tile from which no source's light comes
  const Renderer renderer({.faintest_brightness = faintest_brightness, .largest_stamp = 256});
  Image<float> image(tile.width, tile.height);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const Source& s = *sources[i].source;
    const auto at = geometry.to_pixel(s.position.ra, s.position.dec);
    if (!at || at->x < -kFarthest || at->y < -kFarthest || at->x > tile.width + kFarthest ||
        at->y > tile.height + kFarthest)
      continue;
    if (s.is_star()) {
      renderer.add_star(image, psf, at->x, at->y, fluxes[i]);
      continue;
    }
    // A bulge's share is that of the reddest optical band.
    add_galaxy(renderer, sources[i], psf, transform, geometry.arcsec_per_pixel(at->x, at->y), *at, fluxes[i],
               s.bulge ? s.bulge->fraction.back() : 0, image);
  }
  return image;
}

fits::Header tile_cards(const ImageGeometry& geometry) {
  fits::Header h;
  h.set("CTYPE1", "RA---TAN");
  h.set("CTYPE2", "DEC--TAN");
  h.set("CRVAL1", geometry.reference_sky.ra);
  h.set("CRVAL2", geometry.reference_sky.dec);
  h.set("CRPIX1", geometry.reference_pixel.x + 1);
  h.set("CRPIX2", geometry.reference_pixel.y + 1);
  h.set("CUNIT1", "deg");
  h.set("CUNIT2", "deg");
  h.set("CD1_1", geometry.cd[0]);
  h.set("CD1_2", geometry.cd[1]);
  h.set("CD2_1", geometry.cd[2]);
  h.set("CD2_2", geometry.cd[3]);
  return h;
}

}  // namespace brickline::simulate
