// Fitting only some of a brick's blobs, for tests and for looking closely.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "core/base/log.h"
#include "core/detect/blob_map.h"

namespace brickline {

// At most one of the three ways to choose may be used; none: all blobs.
struct BlobSubset {
  std::optional<int> first, count;     // `count` blobs (all of them) from number `first` (0)
  std::vector<int> numbers;            // blobs of these numbers
  std::vector<std::array<int, 2>> at;  // blobs that hold these brick pixels
  bool chooses() const { return first || count || !numbers.empty() || !at.empty(); }
};

// Numbers of the blobs to keep (keep_blobs), as BlobMap counts them; each once, in the order asked for.
// Pixels outside the brick are moved to its border, with a warning; so are named those in no blob. Error
// (kUsage) for contradictory wishes, Error (kInput) if nothing is left.
std::vector<int> choose_blobs(const BlobMap& map, const BlobSubset& subset, const Log& log = {});

}  // namespace brickline
