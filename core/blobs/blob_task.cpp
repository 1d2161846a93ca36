#include "core/blobs/blob_task.h"

#include <algorithm>

namespace brickline {
namespace {

bool reaches(const UniqueArea& area, const BlobMap& map, int blob, const Wcs& brick) {
  const Box& box = map.blobs[blob].box;
  for (int y = box.y0; y < box.y1; ++y)
    for (int x = box.x0; x < box.x1; ++x) {
      if (map.labels(x, y) != blob) continue;
      const SkyPosition sky = brick.pixel_to_sky(x, y);
      if (area.contains(sky.ra, sky.dec)) return true;
    }
  return false;
}

}  // namespace

bool UniqueArea::contains(double ra, double dec) const {
  if (!(dec >= dec1 && dec < dec2)) return false;
  return ra1 <= ra2 ? ra >= ra1 && ra < ra2 : ra >= ra1 || ra < ra2;
}

BlobPlan plan_blobs(const BlobMap& map, const Wcs& brick, const PlanOptions& options) {
  BlobPlan plan;
  for (int b = 0; b < static_cast<int>(map.blobs.size()); ++b) {
    const Blob& blob = map.blobs[b];
    const bool too_large = options.max_blob_pixels > 0 && blob.pixels > options.max_blob_pixels;
    if (too_large || (options.unique_area && !reaches(*options.unique_area, map, b, brick))) {
      plan.skipped.push_back(b);
      continue;
    }
    BlobTask task;
    task.blob = b;
    task.box = blob.box;
    task.pixels = blob.pixels;
    task.sources = blob.sources;
    task.mask = Image<std::uint8_t>(blob.box.width(), blob.box.height());
    for (int y = 0; y < task.mask.height(); ++y)
      for (int x = 0; x < task.mask.width(); ++x)
        task.mask(x, y) = map.labels(blob.box.x0 + x, blob.box.y0 + y) == b;
    plan.tasks.push_back(std::move(task));
  }
  std::stable_sort(plan.tasks.begin(), plan.tasks.end(),
                   [](const BlobTask& a, const BlobTask& b) { return a.pixels > b.pixels; });
  return plan;
}

}  // namespace brickline
