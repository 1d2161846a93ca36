#include "core/image/edges.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/facts/mask_bits.h"

namespace brickline {

std::int64_t relabel_at_side_edges(Image<std::uint16_t>& mask, std::uint16_t bits) {
  const int width = mask.width(), height = mask.height();
  Image<std::uint8_t> reached(width, height);
  std::vector<std::pair<int, int>> front;
  const auto reach = [&](int x, int y) {
    if (x < 0 || y < 0 || x >= width || y >= height || reached(x, y) || !(mask(x, y) & bits)) return;
    reached(x, y) = 1;
    front.emplace_back(x, y);
  };
  for (int y = 0; y < height; ++y) {
    reach(0, y);
    reach(width - 1, y);
  }
  std::int64_t count = 0;
  while (!front.empty()) {
    const auto [x, y] = front.back();
    front.pop_back();
    ++count;
    reach(x - 1, y);
    reach(x + 1, y);
    reach(x, y - 1);
    reach(x, y + 1);
    mask(x, y) = mask_bit::kEdge;
  }
  return count;
}

Box weighted_box(const Image<float>& weight) {
  const int width = weight.width(), height = weight.height();
  const auto row_used = [&](int y) {
    return std::any_of(weight.row(y), weight.row(y) + width, [](float w) { return w != 0; });
  };
  const auto column_used = [&](int x) {
    for (int y = 0; y < height; ++y)
      if (weight(x, y) != 0) return true;
    return false;
  };
  Box box = weight.box();
  while (box.y0 < box.y1 && !row_used(box.y0)) ++box.y0;
  while (box.y1 > box.y0 && !row_used(box.y1 - 1)) --box.y1;
  if (box.empty()) return {};
  while (!column_used(box.x0)) ++box.x0;
  while (!column_used(box.x1 - 1)) --box.x1;
  return box;
}

std::vector<float> apodization_ramp(int n) {
  std::vector<float> ramp(static_cast<std::size_t>(n));
  const double top = std::atan(M_PI);
  for (int i = 0; i < n; ++i)
    ramp[i] = static_cast<float>((std::atan(-M_PI + 2 * M_PI * i / (n - 1)) + top) / (2 * top));
  return ramp;
}

void apodize(Image<float>& weight, int pixels) {
  const int width = weight.width(), height = weight.height();
  const auto profile = [&](int size) {
    std::vector<float> values(static_cast<std::size_t>(size), 1.0f);
    const int n = std::min(pixels, size / 2);
    if (n < 2) return values;
    const std::vector<float> ramp = apodization_ramp(n);
    for (int i = 0; i < n; ++i) values[i] = values[size - 1 - i] = ramp[i];
    return values;
  };
  const std::vector<float> across = profile(width), up = profile(height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) weight(x, y) *= across[x] * up[y];
}

}  // namespace brickline
