#include "core/coadd/depth_histogram.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace brickline {

std::vector<float> depth_histogram_edges() {
  std::vector<float> edges;
  for (int i = 0; i <= 50; ++i) edges.push_back(static_cast<float>(20 + i / 10.0));
  edges.front() = 0;
  edges.back() = 100;
  return edges;
}

std::vector<std::int32_t> depth_histogram(ImageView<const float> flux_ivar,
                                          ImageView<const std::uint8_t> unique) {
  const std::vector<float> edges = depth_histogram_edges();
  std::vector<std::int32_t> counts(edges.size() - 1);
  // Neighbouring pixels mostly have the same depth.
  float last = -1;
  std::int32_t* of_last = nullptr;
  const auto count_of = [&](float ivar) -> std::int32_t* {
    double depth = -2.5 * (std::log10(5 / std::sqrt(static_cast<double>(ivar))) - 9);
    if (!std::isfinite(depth)) depth = 0;
    const auto above = std::upper_bound(edges.begin(), edges.end(), static_cast<float>(depth));
    // The last bin is closed on both sides, as histograms are; deeper or shallower pixels are left out.
    const std::ptrdiff_t bin = above - edges.begin() - 1;
    if (bin >= 0 && bin < static_cast<std::ptrdiff_t>(counts.size()))
      return &counts[static_cast<std::size_t>(bin)];
    return static_cast<float>(depth) == edges.back() ? &counts.back() : nullptr;
  };
  for (int y = 0; y < flux_ivar.height(); ++y)
    for (int x = 0; x < flux_ivar.width(); ++x) {
      if (!unique(x, y)) continue;
      const float ivar = flux_ivar(x, y);
      if (ivar != last || !of_last) {
        of_last = count_of(ivar);
        last = ivar;
      }
      if (of_last) ++*of_last;
    }
  return counts;
}

}  // namespace brickline
