#include "core/blobs/blob_task.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/survey/bits.h"

namespace brickline {
namespace {

// Blobs are cut where they are at least this many steps (and an overlap) long.
constexpr double kStepsToCut = 1.5;

bool reaches(const SkyBox& area, const BlobMap& map, int blob, const Wcs& brick) {
  const Box& box = map.blobs[blob].box;
  for (int y = box.y0; y < box.y1; ++y)
    for (int x = box.x0; x < box.x1; ++x) {
      if (map.labels(x, y) != blob) continue;
      const SkyPosition sky = brick.pixel_to_sky(x, y);
      if (area.contains(sky.ra, sky.dec)) return true;
    }
  return false;
}

bool all_in_cluster(const BlobMap& map, int blob, ImageView<const std::uint8_t> reference_mask) {
  if (reference_mask.empty()) return false;
  const Box& box = map.blobs[blob].box;
  for (int y = box.y0; y < box.y1; ++y)
    for (int x = box.x0; x < box.x1; ++x)
      if (map.labels(x, y) == blob && !(reference_mask(x, y) & refbit::kCluster)) return false;
  return true;
}

// The blob's pixels in a box.
void set_mask(BlobTask& task, const BlobMap& map) {
  task.mask = Image<std::uint8_t>(task.box.width(), task.box.height());
  task.pixels = 0;
  for (int y = 0; y < task.mask.height(); ++y)
    for (int x = 0; x < task.mask.width(); ++x)
      task.pixels += task.mask(x, y) = map.labels(task.box.x0 + x, task.box.y0 + y) == task.blob;
}

std::vector<BlobTask> parts_of(const BlobTask& whole, const BlobMap& map, const PlanOptions& options,
                               const SourceList& sources) {
  const std::vector<AxisPart> columns = cut_axis(whole.box.width(), options.part_size, options.part_overlap);
  const std::vector<AxisPart> rows = cut_axis(whole.box.height(), options.part_size, options.part_overlap);
  const Box brick = map.labels.box();
  std::vector<BlobTask> out;
  int part = -1;
  for (const AxisPart& row : rows)
    for (const AxisPart& column : columns) {
      BlobTask task;
      task.blob = whole.blob;
      task.part = ++part;
      const int x0 = whole.box.x0, y0 = whole.box.y0;
      task.box = {x0 + column.begin, x0 + column.end, y0 + row.begin, y0 + row.end};
      task.own = Box{x0 + column.own_begin, x0 + column.own_end, y0 + row.own_begin, y0 + row.own_end};
      const auto holds = [&](int x, int y) {
        return task.box.contains(std::clamp(x, 0, brick.x1 - 1), std::clamp(y, 0, brick.y1 - 1));
      };
      for (const int s : whole.sources)
        if (holds(sources[s].ix, sources[s].iy)) task.sources.push_back(s);
      if (task.sources.empty()) continue;
      const auto& at = options.only_parts_at;
      if (!at.empty() && std::none_of(at.begin(), at.end(), [&](const auto& p) { return holds(p[0], p[1]); }))
        continue;
      task.frozen = whole.frozen;
      set_mask(task, map);
      out.push_back(std::move(task));
    }
  return out;
}

// Which blobs each frozen galaxy's light falls on, its own left out.
std::vector<std::vector<int>> frozen_reach(const BlobMap& map, std::span<const FrozenGalaxy> frozen) {
  std::vector<std::vector<int>> out(frozen.size());
  const Box brick = map.labels.box();
  for (std::size_t g = 0; g < frozen.size(); ++g) {
    const FrozenGalaxy& galaxy = frozen[g];
    std::vector<char> touched(map.blobs.size(), 0);
    const Box inside = intersection(galaxy.box, brick);
    for (int y = inside.y0; y < inside.y1; ++y)
      for (int x = inside.x0; x < inside.x1; ++x)
        if (map.labels(x, y) >= 0 && galaxy.footprint(x - galaxy.box.x0, y - galaxy.box.y0))
          touched[map.labels(x, y)] = 1;
    const double x = std::nearbyint(galaxy.x), y = std::nearbyint(galaxy.y);
    if (x >= 0 && y >= 0 && x < brick.x1 && y < brick.y1)
      if (const int own = map.labels(static_cast<int>(x), static_cast<int>(y)); own >= 0) touched[own] = 0;
    for (std::size_t b = 0; b < touched.size(); ++b)
      if (touched[b]) out[g].push_back(static_cast<int>(b));
  }
  return out;
}

}  // namespace

std::vector<AxisPart> cut_axis(int length, int part_size, int overlap) {
  const int step = part_size - overlap;
  const int n = std::max(1, static_cast<int>(std::nearbyint(static_cast<double>(length - overlap) / step)));
  const int size = (length + (n - 1) * overlap + n - 1) / n;
  std::vector<AxisPart> out;
  for (int i = 0; i < n; ++i) {
    const int begin = i * (size - overlap);
    out.push_back({begin, std::min(begin + size, length), i == 0 ? 0 : begin + overlap / 2, length});
    if (i > 0) out[i - 1].own_end = out[i].own_begin;
  }
  return out;
}

BlobPlan plan_blobs(const BlobMap& map, const Wcs& brick, const PlanOptions& options,
                    const PlanContext& context) {
  BlobPlan plan;
  plan.frozen_reach = frozen_reach(map, context.frozen);
  const Box bounds = map.labels.box();
  // Galaxies outside the brick joined a blob at its border; their light is taken out, they are not its
  // sources.
  const auto stands_outside = [&](int source) {
    for (const FrozenGalaxy& g : context.frozen)
      if (g.source == source) {
        const double x = std::nearbyint(g.x), y = std::nearbyint(g.y);
        return !(x >= 0 && y >= 0 && x < bounds.x1 && y < bounds.y1);
      }
    return false;
  };
  const double least_length = kStepsToCut * (options.part_size - options.part_overlap) + options.part_overlap;
  bool cut = false;
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
    for (const int s : blob.sources)
      if (!stands_outside(s)) task.sources.push_back(s);
    for (std::size_t g = 0; g < plan.frozen_reach.size(); ++g) {
      const std::vector<int>& reached = plan.frozen_reach[g];
      if (std::binary_search(reached.begin(), reached.end(), b)) task.frozen.push_back(static_cast<int>(g));
    }
    const bool large = blob.box.width() >= least_length || blob.box.height() >= least_length;
    if (large && (options.parts || all_in_cluster(map, b, context.reference_mask))) {
      if (!context.sources) throw internal_error("a blob cannot be cut into parts without its sources");
      for (BlobTask& part : parts_of(task, map, options, *context.sources))
        plan.tasks.push_back(std::move(part));
      cut = true;
      continue;
    }
    set_mask(task, map);
    plan.tasks.push_back(std::move(task));
  }
  std::stable_sort(plan.tasks.begin(), plan.tasks.end(),
                   [](const BlobTask& a, const BlobTask& b) { return a.pixels > b.pixels; });
  if (cut)
    std::stable_sort(plan.tasks.begin(), plan.tasks.end(), [](const BlobTask& a, const BlobTask& b) {
      return a.sources.size() > b.sources.size();
    });
  return plan;
}

}  // namespace brickline
