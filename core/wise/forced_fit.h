// Fluxes of known sources on survey tiles of another telescope: positions and shapes are fixed, the PSF is
// one stamp per tile, and all tiles of a band are solved together, exactly. What unWISE and GALEX share.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/base/image.h"
#include "core/base/required.h"
#include "core/fit/flux_solver.h"
#include "core/model/galaxy_profiles.h"
#include "core/model/psf_kernel.h"
#include "core/model/renderer.h"
#include "core/model/source_model.h"
#include "core/wcs/wcs.h"

namespace brickline {

// A tile's PSF: the stamp (odd-sized, the star on its middle pixel; its sum is the flux scale) and what of it
// is used for fainter sources. Safe from any thread.
class TilePsf {
 public:
  explicit TilePsf(Image<float> stamp);
  const Image<float>& stamp() const { return stamp_; }
  // sqrt of the sum of squares.
  double norm() const { return norm_; }
  // The stamp within `radius` pixels of its middle along both axes (all of it, if that is less), not
  // normalised anew: light beyond is lost to the model, the flux scale stays.
  const PsfKernel& cropped(int radius) const;
  // The `size` (even) pixels about the middle along both axes, from size/2 before it to size/2 - 1 after.
  const PsfKernel& square(int size) const;

 private:
  struct Cache;
  const PsfKernel& part(int before, int after) const;
  Image<float> stamp_;
  double norm_ = 0;
  std::shared_ptr<Cache> cache_;
};

// How far a source's model reaches: half the width of a point source's stamp, and the least of a galaxy's
// box.
struct FootprintRule {
  std::array<int, 3> radii = {15, 30, 100};  // pixels
  // The pixel that a source stands on is above the first limit: the second radius; above the second: the
  // third.
  std::array<double, 2> bright_limits{};
  double galaxy_radii = 5;  // a galaxy's box reaches hypot(radius, so many r_e)
  // The reference's come as its transform makes them, whose squares let what leaves them come back on the other side; whole
  // profiles end at their box.
  Required<GalaxyProfiles> profiles;

  int radius(double central_flux) const {
    return central_flux > bright_limits[1] ? radii[2] : central_flux > bright_limits[0] ? radii[1] : radii[0];
  }
};

struct FitTile {
  ImageView<const float> data, inverse_error;
  Wcs wcs;
  double pixel_scale_arcsec = 1;
  const TilePsf* psf = nullptr;
};

// The unit-flux model of a source on a tile; empty: nothing of it is there. Of composite galaxies the bulge's first fraction
// counts.
std::optional<Patch> tile_model(Renderer& renderer, const FitTile& tile, const SourceModel& source,
                                double central_flux, const FootprintRule& rule);
// Of all sources. `central_flux`: one per source.
std::vector<UnitModel> tile_models(const FitTile& tile, std::span<const SourceModel> sources,
                                   std::span<const double> central_flux, const FootprintRule& rule);

// What is told of how well fluxes are known.
struct FluxErrorRule {
  // Of the pixels' noise alone, as in released catalogs; or marginal (core/wise/tile_flux_errors.h).
  bool marginal = false;
  // Of the latter. One per source, or none at all: as FittedSource::covariance, of which the position, shape and index count;
  // empty: known exactly.
  std::span<const std::vector<float>> covariances;
};

struct TileFluxes {
  FluxResult fit;                    // fluxes of sources that are not measured are 0
  std::vector<double> flux_ivar;     // by the rule of errors; 0: not measured, or not told from others
  std::vector<Image<float>> models;  // per tile, the sum of all sources
};
TileFluxes fit_tile_fluxes(std::span<const FitTile> tiles, std::span<const SourceModel> sources,
                           std::span<const double> central_flux, const FootprintRule& rule,
                           const FluxErrorRule& errors = {});

}  // namespace brickline
