#include "core/detect/blob_map.h"

#include <algorithm>

#include "core/detect/morphology.h"

namespace brickline {
namespace {

// Rewrites labels by `number` (old label -> new, -1: none).
void relabel(Image<std::int32_t>& labels, const std::vector<int>& number, int offset) {
  for (int y = 0; y < labels.height(); ++y)
    for (int x = 0; x < labels.width(); ++x) labels(x, y) = number[labels(x, y) + offset];
}

}  // namespace

BlobMap make_blobs(ImageView<const std::uint8_t> hot, SourceList& sources) {
  BlobMap out;
  Components components = label_components(fill_holes(hot).view());
  const int w = hot.width(), h = hot.height();
  std::vector<std::vector<int>> members(components.count() + 1);
  if (w > 0 && h > 0)
    for (std::size_t i = 0; i < sources.size(); ++i)
      members[components.labels(std::clamp(sources[i].ix, 0, w - 1), std::clamp(sources[i].iy, 0, h - 1))]
          .push_back(static_cast<int>(i));
  for (const int i : members[0]) sources[i].blob = -1;
  std::vector<int> number(components.count() + 1, -1);
  for (int c = 1; c <= components.count(); ++c) {
    if (members[c].empty()) continue;
    number[c] = static_cast<int>(out.blobs.size());
    for (const int i : members[c]) sources[i].blob = number[c];
    out.blobs.push_back({components.boxes[c - 1], components.pixels[c - 1], std::move(members[c])});
  }
  out.labels = std::move(components.labels);
  relabel(out.labels, number, 0);
  return out;
}

void keep_blobs(BlobMap& map, SourceList& sources, const std::vector<int>& kept) {
  std::vector<int> number(map.blobs.size() + 1, -1);  // of label + 1
  std::vector<Blob> blobs;
  for (const int old : kept) {
    if (number[old + 1] >= 0) continue;
    number[old + 1] = static_cast<int>(blobs.size());
    blobs.push_back(std::move(map.blobs[old]));
  }
  map.blobs = std::move(blobs);
  relabel(map.labels, number, 1);
  for (DetectedSource& s : sources) s.blob = number[s.blob + 1];
}

}  // namespace brickline
