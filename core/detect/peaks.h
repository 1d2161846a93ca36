// Peaks of detection maps: which local maxima are sources of their own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/detect/detection_maps.h"
#include "core/detect/sed.h"

namespace brickline {

// The reference pipeline's numbers.
struct PeakOptions {
  double nsigma = 6;  // detection threshold
  double saddle_fraction =
      0.1;                // a fainter peak must stand out of its neighbour's slope by this fraction of itself
  double saddle_min = 2;  // and by at least this many sigma
  int blob_dilate = 8;    // hot pixels grow by this city-block distance
  double avoid_radius = 4;                        // pixels around a known source where no peak may be
  int saddle_box = 50;                            // the saddle test looks this far
  double annulus_inner = 10, annulus_outer = 20;  // pixels: the local background of a peak,
  double annulus_percentile = 16;                 // this percentile of the S/N there
};

// A place that holds a known source.
struct AvoidPoint {
  int x = 0, y = 0;   // may lie outside the map
  double radius = 4;  // pixels
};

struct Peak {
  int x = 0, y = 0;
  float sn = 0;
  int sed = 0;  // index into the SEDs looked through
};

// How many peaks of one SED met which end.
struct PeakCounts {
  int candidates = 0, vetoed = 0, below_saddle = 0, below_annulus = 0, kept = 0;
  std::int64_t hot_pixels = 0;
};

struct PeakSearch {
  std::vector<Peak> peaks;         // SED by SED, brightest first
  Image<std::uint8_t> hot;         // 1: within blob_dilate of a significant pixel, and connected to a source
  Image<std::uint8_t> bright;      // the same, whether or not there is a source: hot_pixels()
  std::vector<PeakCounts> counts;  // per SED
};

// The S/N map of one SED: S = sum D V/f, I = sum V/f^2, S/N = S/I sqrt(I).
struct SedMap {
  Image<float> sn;
  Image<std::uint8_t> known;  // I > 0
  bool empty = true;          // no band of the SED has any weight
};
SedMap sed_map(std::span<const BandMaps> maps, const Sed& sed);

// Looks through the SEDs in turn; what one found, the next avoid. `saturated`: per band, already grown.
// `veto`: no peak where it is not 0; may be empty.
PeakSearch find_peaks(std::span<const BandMaps> maps,
                      std::span<const ImageView<const std::uint8_t>> saturated, std::span<const Sed> seds,
                      std::span<const AvoidPoint> avoid, ImageView<const std::uint8_t> veto,
                      const PeakOptions& options = {});

// Only the hot pixels of all SEDs, whether or not there is a source (for masks of blobs).
Image<std::uint8_t> hot_pixels(std::span<const BandMaps> maps, std::span<const Sed> seds,
                               const PeakOptions& options = {});

}  // namespace brickline
