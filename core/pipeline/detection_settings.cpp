#include "core/pipeline/detection_settings.h"

#include <algorithm>

namespace brickline {

DetectionOptions detection_options(const DetectionChoice& options, const Selection& selection,
                                   const Log& log) {
  constexpr int kMostCounted = 254;  // images per pixel: counts are bytes
  DetectionOptions detection;
  detection.peaks.nsigma = options.nsigma;
  detection.peaks.saddle_fraction = options.saddle_fraction;
  detection.peaks.saddle_min = options.saddle_min;
  detection.peaks.blob_dilate = options.blob_dilate;
  detection.seds = detection_seds(selection.bands, selection.band_facts);
  if (options.saturated_images) {
    detection.maps.saturated_images = std::min(*options.saturated_images, kMostCounted);
    if (*options.saturated_images > kMostCounted)
      log.warning("--nsatur {}: saturated images are counted up to {}", *options.saturated_images,
                  kMostCounted);
  }
  return detection;
}

}  // namespace brickline
