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
#include "core/wcs/sky_box.h"
#include "core/wcs/wcs.h"

namespace brickline {

// A galaxy that is kept exactly as it came, and whose light is taken out of every blob that it reaches.
struct FrozenGalaxy {
  int source = -1;  // index into the SourceList; -1: not in it
  SourceModel model;
  double x = 0, y = 0;            // brick pixels
  Box box;                        // of the footprint, brick pixels; may reach beyond the brick
  Image<std::uint8_t> footprint;  // of the box's size; not 0 where the galaxy is
};

struct PlanOptions {
  // The part of the sky that only this brick is responsible for: blobs without a pixel in it are left to the
  // neighbouring brick.
  std::optional<SkyBox> unique_area;
  std::int64_t max_blob_pixels = 0;  // larger blobs are skipped; 0: no limit
  // Large blobs are fitted in overlapping parts. Blobs that lie wholly in star clusters always are.
  bool parts = false;
  int part_size = 256, part_overlap = 32;  // pixels: of the parts aimed at
  // Only parts that hold one of these brick pixels, if there are any.
  std::vector<std::array<int, 2>> only_parts_at;
};

// What the plan looks at besides the blobs; all may be empty.
struct PlanContext {
  const SourceList* sources = nullptr;           // needed where blobs are cut into parts
  ImageView<const std::uint8_t> reference_mask;  // refbit of core/survey/bits.h
  std::span<const FrozenGalaxy> frozen;
};

struct BlobTask {
  int blob = -1;             // index into BlobMap::blobs
  int part = -1;             // of the blob, counted from 0; -1: the whole blob
  Box box;                   // brick pixels
  Image<std::uint8_t> mask;  // 1 in the blob; of the box's size
  std::vector<int> sources;  // indices into the SourceList
  std::vector<int> frozen;   // galaxies of other blobs that reach into this one: indices into `frozen`
  std::int64_t pixels = 0;   // of the mask
  // Of a part: where sources must have started to stay, brick pixels. The parts' tile the blob's box.
  std::optional<Box> own;
};

struct BlobPlan {
  std::vector<BlobTask> tasks;  // largest first; ties by number. With parts, those of most sources first.
  std::vector<int> skipped;     // blobs without a task
  std::vector<std::vector<int>> frozen_reach;  // of each frozen galaxy: the blobs its light is taken out of
};

BlobPlan plan_blobs(const BlobMap& map, const Wcs& brick, const PlanOptions& options = {},
                    const PlanContext& context = {});

// One axis of a blob cut into parts.
struct AxisPart {
  int begin = 0, end = 0;          // pixels of the part, from the blob's first
  int own_begin = 0, own_end = 0;  // those that are its own: up to the middle of the overlap
};
std::vector<AxisPart> cut_axis(int length, int part_size, int overlap);

}  // namespace brickline
