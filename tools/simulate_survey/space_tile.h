// One tile of a space telescope: where it lies, and the light on it.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/fits/header.h"
#include "tools/simulate_survey/ccd_pixels.h"
#include "tools/simulate_survey/observing_plan.h"
#include "tools/simulate_survey/point_spread.h"

namespace brickline::simulate {

struct SpaceTile {
  SkyPoint centre;
  double ra1 = 0, ra2 = 0, dec1 = 0, dec2 = 0;  // the box that is its own
  ImageGeometry geometry;                       // of the part that is made
  int width = 0, height = 0;                    // of it
  std::string id() const;                       // "1866p257"
};

// `per_side` x `per_side` tiles whose own boxes meet about the region's centre (one: the tile is centred
// there), of so many degrees and pixels, cut to the region and `margin` pixels around.
std::vector<SpaceTile> tiles_about(const Region& region, int per_side, double side_degrees,
                                   double pixel_scale_arcsec, int tile_pixels, int margin);

// Sources as photometry with a catalog's shapes takes them to be. Catalogs' galaxies end, at 4 half-light radii where
// they are exponential (or flatter) and at 8 where they are steep, and their fluxes are of what is within: 1 % less
// than the whole Sersic profile has of an exponential one, 6 % of a de Vaucouleurs'.
std::vector<RenderedSource> catalog_profiles(const std::vector<Source>& sources);

// The expected light, in the fluxes' unit per pixel.
Image<float> tile_light(const SpaceTile& tile, const ImageGeometry& geometry,
                        const std::vector<RenderedSource>& sources, const std::vector<double>& fluxes,
                        const Moffat& psf, const MoffatTransform& transform, double faintest_brightness);

// CTYPE ... CD of a tile's plain tangent plane.
fits::Header tile_cards(const ImageGeometry& geometry);

}  // namespace brickline::simulate
