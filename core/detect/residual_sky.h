// The sky that is left in the images of a band: the median of its coadd where nothing was detected.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/image/ccd_image.h"
#include "core/wcs/wcs.h"

namespace brickline {

// Which pixels without a blob are blank. Wings of what was detected reach beyond its blob: of a thousand of a pixel's sigmas
// they leave some ten near blobs, which are then taken off under every source, a point source's own light lessened by a
// tenth of its error on three exposures, and by more on more.
struct BlankPixels {
  int margin_pixels = 0;  // city-block distance from any blob that they are beyond
  // The sky of fewer scatters as much as wings shift it (a median by 1.25/sqrt(n) of a pixel's sigma): where fewer are left,
  // half the margin is kept, and so on.
  std::int64_t least_pixels = 50000;
};

// Per band, nanomaggies per CCD pixel: images are resampled with Lanczos-3 (their pixels kept as they are,
// whatever the pixel scale), averaged with their inverse variances, and the median taken of the brick pixels
// with weight and `blob_labels` = -1 that are `blank`. Empty for a band without such a pixel.
std::vector<std::optional<double>> residual_sky(std::span<const CcdImage> images, const Wcs& brick,
                                                std::span<const std::string> bands,
                                                ImageView<const std::int32_t> blob_labels,
                                                const BlankPixels& blank = {});

// Takes it off the unmasked pixels of every image of its band.
void subtract_residual_sky(std::span<CcdImage> images, std::span<const std::string> bands,
                           std::span<const std::optional<double>> sky);

}  // namespace brickline
