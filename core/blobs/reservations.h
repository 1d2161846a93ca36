// Pixels of a blob that are for some of its sources only, beside the segments: those around other galaxies,
// and bright regions. Both are off unless asked for. Private to this room.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/image.h"
#include "core/blobs/blob_images.h"
#include "core/blobs/segmentation.h"

namespace brickline {

struct Reservations {
  Image<std::int32_t> nearest_galaxy;  // index of the galaxy that each pixel is nearest to; may be empty
  Image<std::int32_t> bright_regions;  // numbered from 1, 0: none; may be empty

  // 1 where source `index`, standing on blob pixel (x, y), may not look. Empty: it may look everywhere. Only
  // galaxies care for other galaxies.
  Image<std::uint8_t> for_source(int index, int x, int y, bool is_galaxy) const;
};

// Which seed each pixel is nearest to, as whole pixels of distance; the first of those equally near.
Image<std::int32_t> nearest_seeds(int width, int height, std::span<const Seed> seeds);

// Connected regions where the coadd of a band (nearest pixels, inverse-variance weights) exceeds `sn` sigma,
// grown by two pixels, holes filled.
Image<std::int32_t> bright_regions(const BlobImages& images, int bands, double sn);

}  // namespace brickline
