// Blobs: the connected regions of a brick that are bright enough to be fitted, each by itself.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/image.h"
#include "core/detect/source_list.h"

namespace brickline {

struct Blob {
  Box box;  // tight, brick pixels
  std::int64_t pixels = 0;
  std::vector<int> sources;  // indices into the SourceList, ascending; never empty
};

struct BlobMap {
  Image<std::int32_t> labels;  // index into `blobs`, -1: none
  std::vector<Blob> blobs;     // numbered in raster order of their first pixels
};

// Fills the holes of `hot` (0 or not), and makes a blob of each of its 4-connected components that holds a
// source at its rounded pixel clipped to the image (so that a reference source outside joins the blob at the
// border). Components without a source are dropped. Sets DetectedSource::blob of every source.
BlobMap make_blobs(ImageView<const std::uint8_t> hot, SourceList& sources);

// Keeps only the blobs of those indices, in that order, renumbered from 0; updates the labels and
// DetectedSource::blob.
void keep_blobs(BlobMap& map, SourceList& sources, const std::vector<int>& kept);

}  // namespace brickline
