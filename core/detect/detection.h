// From calibrated images to sources and blobs: detection maps, SED-matched peaks, merging with reference
// sources, joining across saturated columns, segmentation.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/base/log.h"
#include "core/detect/blob_map.h"
#include "core/detect/detection_maps.h"
#include "core/detect/peaks.h"
#include "core/detect/source_list.h"
#include "core/image/ccd_image.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct DetectionOptions {
  DetectionMapOptions maps;
  PeakOptions peaks;
  int saturation_growth = 4;  // pixels, city-block
  std::vector<Sed> seds;      // to look for; none: detection_seds(bands)
};

// What is known of the sky before looking. Default: nothing.
struct DetectionPrior {
  SourceList references;          // joined to the detections, in this order
  std::vector<AvoidPoint> avoid;  // where known sources stand (those set aside from fitting, too)
  Image<std::uint8_t> veto;       // no new source where it is not 0; empty: none
};

struct Detection {
  SourceList sources;
  BlobMap blobs;
  std::vector<Image<std::uint8_t>> saturated;  // per band, grown by saturation_growth
  // 1 near significant pixels, whether or not a source was made of them: no blank sky.
  Image<std::uint8_t> bright;
  std::vector<Sed> seds;
  std::vector<PeakCounts> counts;  // per SED
};

// `bands`: the run's, in order; images of other bands are ignored. Nothing found is an empty list, not an
// error.
Detection detect_sources(std::span<const CcdImage> images, const Wcs& brick,
                         std::span<const std::string> bands, const DetectionPrior& prior = {},
                         const DetectionOptions& options = {}, const Log& log = {});

// Detection::saturated of one band, without looking for anything.
Image<std::uint8_t> saturated_pixels(std::span<const CcdImage> images, const Wcs& brick,
                                     const std::string& band, const DetectionOptions& options = {});

// Runs of hot pixels of one column that saturated pixels join become one run (bleed trails follow columns).
void merge_hot_saturated(Image<std::uint8_t>& hot, std::span<const Image<std::uint8_t>> saturated);

}  // namespace brickline
