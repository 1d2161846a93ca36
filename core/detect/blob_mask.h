// Where a brick has light: its blobs before any source is known, as a mask that calibrations can leave out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/detect/detection.h"
#include "core/image/ccd_image.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct BlobMask {
  Image<std::uint8_t> mask;                    // brick pixels, 0 or 1
  std::vector<Image<std::uint8_t>> saturated;  // of each band, grown
  // What the cost of fitting the brick can be told from.
  int blobs = 0;                  // 4-connected components
  std::int64_t largest_blob = 0;  // its pixels
  std::int64_t image_pixels = 0;  // of all images
};

// The hot pixels of every SED, joined across saturated columns; nothing is dropped for want of a source.
BlobMask blob_mask(std::span<const CcdImage> images, const Wcs& brick, std::span<const std::string> bands,
                   const DetectionOptions& options = {});

}  // namespace brickline
