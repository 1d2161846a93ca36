#include "core/detect/growing_mask.h"

namespace brickline::detect_detail {

void GrowingMask::set(int x, int y) {
  if (set_(x, y)) return;
  set_(x, y) = 1;
  pixels_.push_back({x, y});
}

std::vector<MaskPixel> GrowingMask::reach(int n) {
  // Breadth first: each round's pixels are the unset neighbours of the round before.
  std::vector<MaskPixel> found;
  const auto visit = [&](int x, int y) {
    if (!set_.view().box().contains(x, y) || set_(x, y) || reached_(x, y)) return;
    reached_(x, y) = 1;
    found.push_back({x, y});
  };
  const auto visit_neighbours = [&](MaskPixel p) {
    visit(p.x - 1, p.y);
    visit(p.x + 1, p.y);
    visit(p.x, p.y - 1);
    visit(p.x, p.y + 1);
  };
  if (n > 0)
    for (const MaskPixel& p : pixels_) visit_neighbours(p);
  std::size_t first = 0;
  for (int round = 1; round < n; ++round) {
    const std::size_t last = found.size();
    for (; first < last; ++first) visit_neighbours(found[first]);
  }
  return found;
}

}  // namespace brickline::detect_detail
