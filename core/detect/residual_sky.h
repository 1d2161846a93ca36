// The sky that is left in the images of a band: the level of its coadd where nothing was detected.
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

// Which pixels without a blob are blank, and what of them the sky is. Wings of what was detected reach beyond its blob: of a
// thousand of a pixel's sigmas they leave some ten near blobs, which are then taken off under every source, a point source's
// own light lessened by a tenth of its error on three exposures, and by more on more.
struct BlankPixels {
  // Those beyond the first of these distances from any blob, city-block, of which there are so many; else all. The sky of few
  // pixels scatters by 1/sqrt(n) of a pixel's sigma (a median by a quarter more), as much as wings shift it.
  struct Margin {
    int pixels = 0;
    std::int64_t least = 0;
  };
  std::vector<Margin> margins;
  // Their mean, weighted, of those within so many of their own sigmas of the median. 0: the median, which photons' noise makes
  // too low, having a tail: by a sixth of an electron of each exposure. On three short exposures of a dark sky that is four of
  // a thousand of a pixel's sigmas, half as much as wings make; so it is the median, too, where no margin can be kept.
  double mean_within = 0;
};

// Per band, nanomaggies per CCD pixel: images are resampled with Lanczos-3 (their pixels kept as they are,
// whatever the pixel scale), averaged with their inverse variances, and the median or mean taken of the brick pixels
// with weight and `blob_labels` = -1 that are `blank`. Empty for a band without such a pixel.
std::vector<std::optional<double>> residual_sky(std::span<const CcdImage> images, const Wcs& brick,
                                                std::span<const std::string> bands,
                                                ImageView<const std::int32_t> blob_labels,
                                                const BlankPixels& blank = {});

// Takes it off the unmasked pixels of every image of its band.
void subtract_residual_sky(std::span<CcdImage> images, std::span<const std::string> bands,
                           std::span<const std::optional<double>> sky);

}  // namespace brickline
