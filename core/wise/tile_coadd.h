// Pictures of a brick in another telescope's bands: tiles brought onto one grid of that telescope's pixels.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/base/image.h"
#include "core/wcs/wcs.h"

namespace brickline {

// The grid about a brick image's centre with pixels of `pixel_scale_arcsec`: as many whole ones as fit.
Wcs coadd_grid(const Wcs& brick, double brick_pixel_scale_arcsec, double pixel_scale_arcsec);

// In the tiles' units per pixel (of the tiles' size); all 0 where no tile has weight.
struct TileCoadd {
  Image<float> image, model, invvar;
  bool empty() const { return image.empty(); }
};

// What becomes of a pixel that several tiles cover: the first tile's value, or the mean by inverse variance.
enum class TileOverlap { kFirst, kMean };

class TileCoadder {
 public:
  TileCoadder(const Wcs& grid, TileOverlap overlap);
  // Image and model are interpolated (Lanczos-3), weights taken from the nearest pixel. `model` may be empty.
  void add(const Wcs& tile, ImageView<const float> image, ImageView<const float> model,
           ImageView<const float> inverse_error);
  TileCoadd finish() const;

 private:
  Wcs grid_;
  TileOverlap overlap_;
  Image<double> image_, model_, weight_;
};

// Aperture photometry of one position: image and residual within circles, in the coadd's units.
struct CoaddApertures {
  static constexpr int kCount = 5;
  std::array<float, kCount> flux{}, resid{}, ivar{};
};
// At every position. Pixels without weight do not count; apertures that do not touch the coadd, or have no
// weight, give 0.
std::vector<CoaddApertures> coadd_apertures(const TileCoadd& coadd, const Wcs& grid,
                                            const std::vector<SkyPosition>& positions,
                                            double pixel_scale_arcsec,
                                            const std::array<double, 5>& radii_arcsec);

}  // namespace brickline
