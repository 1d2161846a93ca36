#include "core/calib/sky_grid.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <utility>

#include "core/calib/sorted_values.h"

namespace brickline {
namespace {

int half_of(double box) { return static_cast<int>(std::floor(box / 2)); }

// The image cut where any box begins or ends: each box is a whole number of tiles, each tile is sorted once.
std::vector<int> cuts(const std::vector<int>& nodes, int half, int size) {
  std::set<int> at{0, size};
  for (const int node : nodes) {
    at.insert(std::clamp(node - half, 0, size));
    at.insert(std::clamp(node + half, 0, size));
  }
  return {at.begin(), at.end()};
}

// First and one past the last tile of a box.
std::pair<int, int> tiles_of(const std::vector<int>& cuts, int node, int half, int size) {
  const auto index = [&](int position) {
    return static_cast<int>(std::lower_bound(cuts.begin(), cuts.end(), std::clamp(position, 0, size)) -
                            cuts.begin());
  };
  return {index(node - half), index(node + half)};
}

// The value of that rank (0 is the smallest) of all the lists, which are sorted, together.
float value_of_rank(const std::vector<std::span<const float>>& lists, std::size_t rank) {
  // Each list's part that may still hold it; its middle splits them all.
  std::vector<std::span<const float>> parts = lists;
  for (;;) {
    const auto longest = std::max_element(parts.begin(), parts.end(),
                                          [](const auto& a, const auto& b) { return a.size() < b.size(); });
    const float pivot = (*longest)[longest->size() / 2];
    std::size_t below = 0, up_to = 0;
    for (const auto& part : parts) {
      below += static_cast<std::size_t>(std::lower_bound(part.begin(), part.end(), pivot) - part.begin());
      up_to += static_cast<std::size_t>(std::upper_bound(part.begin(), part.end(), pivot) - part.begin());
    }
    if (rank >= below && rank < up_to) return pivot;
    for (auto& part : parts)
      if (rank < below)
        part = part.first(
            static_cast<std::size_t>(std::lower_bound(part.begin(), part.end(), pivot) - part.begin()));
      else
        part = part.subspan(
            static_cast<std::size_t>(std::upper_bound(part.begin(), part.end(), pivot) - part.begin()));
    if (rank >= up_to) rank -= up_to;
  }
}

float median_of_lists(const std::vector<std::span<const float>>& lists, std::size_t n) {
  const float upper = value_of_rank(lists, n / 2);
  return n % 2 ? upper : (value_of_rank(lists, n / 2 - 1) + upper) / 2;
}

std::vector<float> sorted_tile(ImageView<const float> pixels, ImageView<const std::uint8_t> good,
                               const Box& tile, float offset) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(tile.area()));
  for (int y = tile.y0; y < tile.y1; ++y)
    for (int x = tile.x0; x < tile.x1; ++x)
      if (good(x, y)) values.push_back(pixels(x, y) - offset);
  sort_floats(values);
  return values;
}

}  // namespace

std::vector<int> sky_grid_positions(int size, double box) {
  const int half = half_of(box), n = size / half + 2;
  const int origin = static_cast<int>(std::floor((size - (n - 2) * half) / 2.));
  std::vector<int> positions;
  for (int i = 0; i < n; ++i) positions.push_back(origin + static_cast<int>(std::trunc(half * (i - 0.5))));
  return positions;
}

double sky_box(int width, int height, double box, double smallest) {
  const int shorter = std::min(width, height);
  if (shorter / box < 4) box /= 2;
  // Two whole halves along an axis make four nodes.
  while (half_of(box) > 0 && shorter / half_of(box) < 2) box /= 2;
  return box >= smallest && half_of(box) > 0 ? box : 0;
}

SkyGrid sky_grid(ImageView<const float> pixels, ImageView<const std::uint8_t> good, double box, float offset,
                 double min_fraction) {
  const int half = half_of(box), width = pixels.width(), height = pixels.height();
  SkyGrid grid;
  grid.x = sky_grid_positions(width, box);
  grid.y = sky_grid_positions(height, box);
  const std::vector<int> xs = cuts(grid.x, half, width), ys = cuts(grid.y, half, height);
  const int across = static_cast<int>(xs.size()) - 1, down = static_cast<int>(ys.size()) - 1;
  std::vector<std::vector<float>> tiles(static_cast<std::size_t>(across) * down);
  const auto tile = [&](int i, int j) -> std::vector<float>& { return tiles[std::size_t(j) * across + i]; };
  int sorted_rows = 0;
  for (const int node_y : grid.y) {
    const auto [j0, j1] = tiles_of(ys, node_y, half, height);
    for (; sorted_rows < j1; ++sorted_rows)
      for (int i = 0; i < across; ++i)
        tile(i, sorted_rows) =
            sorted_tile(pixels, good, {xs[i], xs[i + 1], ys[sorted_rows], ys[sorted_rows + 1]}, offset);
    // What lies above is not asked for any more.
    for (int j = 0; j < j0; ++j)
      for (int i = 0; i < across; ++i) std::vector<float>().swap(tile(i, j));
    for (const int node_x : grid.x) {
      const auto [i0, i1] = tiles_of(xs, node_x, half, width);
      std::vector<std::span<const float>> lists;
      std::size_t n = 0;
      std::int64_t area = 0;
      for (int j = j0; j < j1; ++j)
        for (int i = i0; i < i1; ++i) {
          area += std::int64_t{xs[i + 1] - xs[i]} * (ys[j + 1] - ys[j]);
          if (tile(i, j).empty()) continue;
          lists.emplace_back(tile(i, j));
          n += tile(i, j).size();
        }
      const bool enough = n > 0 && static_cast<double>(n) > min_fraction * static_cast<double>(area);
      grid.values.push_back(enough ? median_of_lists(lists, n) : 0.f);
    }
  }
  return grid;
}

float box_median(ImageView<const float> pixels, ImageView<const std::uint8_t> good, const Box& box,
                 float offset, double min_fraction) {
  const Box inside = intersection(box, pixels.box());
  const std::vector<float> values = sorted_tile(pixels, good, inside, offset);
  if (values.empty() ||
      static_cast<double>(values.size()) <= min_fraction * static_cast<double>(inside.area()))
    return 0;
  return median_of_lists({values}, values.size());
}

}  // namespace brickline
