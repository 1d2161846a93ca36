// What detection is told by the reference catalogs: which of their objects are fitted, where known sources
// stand, and where nothing new may be found.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/detect/detection.h"
#include "core/image/ccd_image.h"
#include "core/refs/reference_catalog.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct ReferencePrior {
  DetectionPrior prior;
  // Rows that are never fitted (ignore), in table order: listed again in the catalog.
  std::vector<int> set_aside;
};

// Of each row that is fitted a DetectedSource, in table order (reference_row: index into catalog.rows). Rows
// in the image that are not large galaxies block the pixels where they stand, moved to the time of every
// image if they have an epoch; then large galaxies theirs; rows set aside, too. Clusters, Magellanic Clouds
// and frozen objects veto their masks' pixels.
ReferencePrior reference_prior(const ReferenceCatalog& catalog, std::span<const CcdImage> images,
                               const Wcs& brick, double avoid_radius = 4);

}  // namespace brickline
