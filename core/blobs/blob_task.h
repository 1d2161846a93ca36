// Cutting a brick into pieces of work: which blobs are fitted, in which order, and what one fit is given.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/detect/blob_map.h"
#include "core/wcs/wcs.h"

namespace brickline {

// The part of the sky that only this brick is responsible for: ra1 <= RA < ra2 (ra1 > ra2: through 0), dec1
// <= Dec < dec2, degrees.
struct UniqueArea {
  double ra1 = 0, ra2 = 0, dec1 = 0, dec2 = 0;
  bool contains(double ra, double dec) const;
};

struct PlanOptions {
  std::optional<UniqueArea> unique_area;  // blobs without a pixel in it are left to the neighbouring brick
  std::int64_t max_blob_pixels = 0;       // larger blobs are skipped; 0: no limit
};

struct BlobTask {
  int blob = -1;             // index into BlobMap::blobs
  Box box;                   // brick pixels
  Image<std::uint8_t> mask;  // 1 in the blob; of the box's size
  std::vector<int> sources;  // indices into the SourceList
  std::int64_t pixels = 0;
};

struct BlobPlan {
  std::vector<BlobTask> tasks;  // largest first; ties by number
  std::vector<int> skipped;     // blobs without a task
};

BlobPlan plan_blobs(const BlobMap& map, const Wcs& brick, const PlanOptions& options = {});

}  // namespace brickline
