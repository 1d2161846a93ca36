// One source while its blob is being fitted. Private to this room.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/blobs/blob_images.h"
#include "core/blobs/blob_memory.h"
#include "core/detect/source_list.h"

namespace brickline {

struct SourceRecord : SourceState {
  int source = -1;  // index into the SourceList; -1: found in the residuals
  ReferenceTraits traits;
  bool from_catalog = false;  // of a reference catalog
  bool needs_initial_flux = false;
  double start_x = 0, start_y = 0;  // blob pixels
  int start_ix = 0, start_iy = 0;   // rounded, inside the blob's rectangle
  bool started_in_blob = false;
  std::vector<double> start_flux;

  SourceModel found, after_first_round;
  int owned_pixels = 0;                   // brick pixels
  SourcePatches patches;                  // the model as subtracted from the images
  std::optional<SourceModel> on_windows;  // what the patches are, if they are of a model drawn on its windows
  bool forced_point_source = false, fit_background = false;
  bool forced_to_stay = false;
  // With its neighbours free it was no more than this kind of galaxy: what it gains as more beside them held is theirs.
  std::optional<SourceKind> no_more_than;
  // What its galaxies are also started from when kinds are chosen again, the model being a point source then.
  std::optional<SourceModel> known_galaxy;

  // Its place in the order of fitting: brighter first, those of reference catalogs before all others if
  // asked.
  double brightness(bool catalogs_first) const {
    double sum = 0;
    for (const double f : model.flux) sum += f;
    return sum + (catalogs_first && from_catalog ? 1e6 : 0);
  }
};

// Whether a round galaxy that it is, or is tried as, is fitted with the prior of its radius when it is fitted together: what
// is tried as one of two halves may still be a star, its radius is any.
inline bool knows_radius_prior(const SourceRecord& r) { return !r.from_catalog && r.model_chosen; }

// Whether two models of one source are the same light.
bool same_light(const SourceModel& a, const SourceModel& b);

// Indices of the records still alive, brightest first.
std::vector<int> brightest_first(std::span<const SourceRecord> records, bool catalogs_first);

}  // namespace brickline
