// The sources that fitting starts from: what detection found, then the reference catalogs' own.
//
// Brick pixels are 0-based (core/base/image.h). The order of the list is the order of everything after it:
// detections first, in the order found, then reference sources in the order of their table.
#pragma once

#include <string>
#include <vector>

#include "core/model/source_model.h"

namespace brickline {

// What a reference catalog's word about a source means for its fit; all false for a detection.
struct ReferenceTraits {
  bool star = false;          // its position is known and never fitted; it is never dropped from the catalog
  bool point_source = false;  // known not to be extended: only PSF is tried
  bool large_galaxy = false;  // from a catalog of large galaxies: never taken for a star
  bool galaxy_fit = false;    // an entry of a large galaxy's own fit that is not the galaxy itself
  bool frozen = false;        // kept exactly as it came
};

struct DetectedSource {
  SourceModel model;       // the start of the fit: fluxes in the order of the run's bands
  double x = 0, y = 0;     // where it starts, brick pixels; reference sources may lie outside the brick
  int ix = 0, iy = 0;      // the same, rounded: a detection's peak pixel
  float peak_sn = 0;       // of the map it was found in; 0 for reference sources
  std::string sed;         // the name of that map's SED
  int reference_row = -1;  // row of the reference catalog; -1: a detection
  ReferenceTraits reference;
  bool needs_initial_flux = false;  // the start's fluxes mean nothing (found on saturated pixels)
  int blob = -1;                    // index into BlobMap::blobs; -1: in no blob, never fitted
};

using SourceList = std::vector<DetectedSource>;

}  // namespace brickline
