// Models of the fitted sources on the pixels of one CCD image.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/image.h"
#include "core/image/ccd_image.h"
#include "core/model/renderer.h"
#include "core/model/source_model.h"
#include "core/wcs/wcs.h"

namespace brickline {

// All that is in the sky, in the order of the catalog.
struct Scene {
  // One per row of the catalog; empty for rows that were not fitted.
  std::span<const std::optional<SourceModel>> sources;
  std::span<const std::int32_t> blobs;  // the blob of each row, -1 = none
  // Large galaxies that are not fitted but subtracted in the blobs they touch. They are drawn once per image.
  struct Frozen {
    SourceModel model;
    std::vector<std::int32_t> blobs;
    std::optional<std::size_t> row;  // the row of the same galaxy, which is not drawn again
  };
  std::span<const Frozen> frozen;
  ImageView<const std::int32_t> blob_map;  // brick pixels; -1 = no blob. Empty: nothing is in a blob
};

// How many pixels one source spreads its light over, on one image: noise-equivalent areas in image pixels.
struct SourceFootprint {
  float nea = 0;          // (sum p)^2 / sum p^2 of its model p; 0: not on the image
  float masked_nea = 0;   // (total flux)^2 / sum over its blob's pixels of p^2
  float fraction_in = 0;  // sum p / total flux
};

struct ModelImages {
  Image<float> model;                       // all sources
  Image<float> blob_model;                  // each source inside its own blob only
  std::vector<SourceFootprint> footprints;  // per row of the catalog
};

// `target`: the brick's; `band_index`: of the source's fluxes. Sources are added in the order of the scene.
ModelImages render_models(const CcdImage& image, const Wcs& target, const Scene& scene,
                          std::size_t band_index, Renderer& renderer);

// Noise-equivalent areas on the sky, arcsec^2, from the footprints of one band's images (weights sig1^-2):
//   nea      = sum(v f)/sum(v f/(nea_i scale^2)),   f = fraction_in, images with nea_i = 0 left out
//   blob_nea = psfdepth 4 pi (psfsize/2.3548)^2 / sum(v/masked_nea_i)
class NeaAccumulator {
 public:
  explicit NeaAccumulator(std::size_t rows = 0) : sums_(rows) {}
  void add(std::span<const SourceFootprint> footprints, double sig1, double pixel_scale_arcsec);
  float nea(std::size_t row) const;
  float blob_nea(std::size_t row, float psfdepth, float psfsize_arcsec) const;

 private:
  struct Sums {
    double weighted = 0, inverse = 0, masked_inverse = 0;
  };
  std::vector<Sums> sums_;
};

}  // namespace brickline
