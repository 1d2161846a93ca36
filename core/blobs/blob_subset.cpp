#include "core/blobs/blob_subset.h"

#include <algorithm>
#include <numeric>

#include "core/base/error.h"

namespace brickline {

std::vector<int> choose_blobs(const BlobMap& map, const BlobSubset& subset, const Log& log) {
  const int total = static_cast<int>(map.blobs.size());
  const bool by_range = subset.first || subset.count;
  if (by_range + !subset.numbers.empty() + !subset.at.empty() > 1)
    throw usage_error("blobs are chosen by a range, by number or by position: only one of them");
  std::vector<int> out;
  const auto keep = [&](int b) {
    if (std::find(out.begin(), out.end(), b) == out.end()) out.push_back(b);
  };
  if (by_range) {
    const int first = std::max(0, subset.first.value_or(0));
    const int last =
        subset.count ? static_cast<int>(std::min<long>(total, long{first} + *subset.count)) : total;
    for (int b = first; b < last; ++b) keep(b);
    if (out.empty()) throw input_error("no blob {}: there are {}", first, total);
  } else if (!subset.numbers.empty()) {
    for (const int b : subset.numbers) {
      if (b < 0 || b >= total) throw input_error("no blob {}: there are {}", b, total);
      keep(b);
    }
  } else if (!subset.at.empty()) {
    for (const auto& [px, py] : subset.at) {
      const int x = std::clamp(px, 0, map.labels.width() - 1), y = std::clamp(py, 0, map.labels.height() - 1);
      if (x != px || y != py)
        log.warning("pixel {},{} is outside the brick: {},{} is looked at instead", px, py, x, y);
      if (const int b = map.labels(x, y); b >= 0)
        keep(b);
      else
        log.warning("pixel {},{} is in no blob", x, y);
    }
    if (out.empty()) throw input_error("none of the pixels asked for is in a blob");
  } else {
    out.resize(total);
    std::iota(out.begin(), out.end(), 0);
  }
  return out;
}

}  // namespace brickline
