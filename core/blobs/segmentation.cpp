#include "core/blobs/segmentation.h"

#include <algorithm>
#include <cmath>
#include <queue>

namespace brickline {
namespace {

struct Frontier {
  float height;
  int id, x, y;
  std::size_t seed;
};
// The top of the queue: the highest, then the smallest id, x, y.
struct Later {
  bool operator()(const Frontier& a, const Frontier& b) const {
    if (a.height != b.height) return a.height < b.height;
    if (a.id != b.id) return a.id > b.id;
    if (a.x != b.x) return a.x > b.x;
    return a.y > b.y;
  }
};

}  // namespace

Image<std::int32_t> flood_segments(ImageView<const float> height, ImageView<const std::uint8_t> inside,
                                   std::span<const Seed> seeds) {
  const Box box = height.box();
  Image<std::int32_t> owners(box.width(), box.height(), -1);
  Image<std::int32_t> holder(box.width(), box.height(), -1);
  Image<std::uint8_t> queued(box.width(), box.height());
  for (std::size_t s = 0; s < seeds.size(); ++s)
    if (box.contains(seeds[s].x, seeds[s].y)) holder(seeds[s].x, seeds[s].y) = static_cast<std::int32_t>(s);
  std::priority_queue<Frontier, std::vector<Frontier>, Later> queue;
  for (std::size_t s = 0; s < seeds.size(); ++s) {
    const Seed& seed = seeds[s];
    if (!box.contains(seed.x, seed.y) || holder(seed.x, seed.y) != static_cast<std::int32_t>(s)) continue;
    queue.push({height(seed.x, seed.y), seed.id, seed.x, seed.y, s});
    queued(seed.x, seed.y) = 1;
  }
  while (!queue.empty()) {
    const Frontier f = queue.top();
    queue.pop();
    owners(f.x, f.y) = f.id;
    const Seed& seed = seeds[f.seed];
    for (const auto& [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
      const int x = f.x + dx, y = f.y + dy;
      if (!box.contains(x, y) || queued(x, y) || !inside(x, y)) continue;
      if (seed.reach > 0 &&
          (x - seed.x) * (x - seed.x) + (y - seed.y) * (y - seed.y) > seed.reach * seed.reach)
        continue;
      queued(x, y) = 1;
      queue.push({height(x, y), f.id, x, y, f.seed});
    }
  }
  return owners;
}

void claim_kingdoms(Image<std::int32_t>& owners, std::span<const Seed> seeds, double radius) {
  const Box box = owners.box();
  const int reach = static_cast<int>(std::ceil(radius)) + 1;
  Image<std::int32_t> nearest(box.width(), box.height(), 1 << 30);
  for (const Seed& seed : seeds)
    for (int y = std::max(0, seed.y - reach); y <= std::min(box.y1 - 1, seed.y + reach); ++y)
      for (int x = std::max(0, seed.x - reach); x <= std::min(box.x1 - 1, seed.x + reach); ++x) {
        const int d = static_cast<int>(std::floor(std::hypot(x - seed.x, y - seed.y) + 0.5));
        if (d > radius || d >= nearest(x, y)) continue;
        nearest(x, y) = d;
        owners(x, y) = seed.id;
      }
}

}  // namespace brickline
