#include "core/blobs/merge.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace brickline {
namespace {

void place_in_brick(FittedSource& s, const Wcs& brick) {
  s.ix = static_cast<int>(std::nearbyint(s.x));
  s.iy = static_cast<int>(std::nearbyint(s.y));
  s.in_bounds = s.ix >= 0 && s.iy >= 0 && s.ix < brick.width() && s.iy < brick.height();
}

// Numbers blobs by what is still in them, in the old order, and the sources by the blob at their final pixel.
void renumber_blobs(FittedCatalog& catalog, const BlobMap& old) {
  std::vector<int> number(old.blobs.size() + 1, -1);  // of old label + 1
  for (FittedSource& s : catalog.sources) {
    s.blob = s.in_bounds ? old.labels(s.ix, s.iy) : -1;
    if (s.blob >= 0) number[s.blob + 1] = 0;
  }
  int next = 0;
  for (std::size_t i = 1; i < number.size(); ++i)
    if (number[i] == 0) number[i] = next++;
  for (FittedSource& s : catalog.sources) s.blob = number[s.blob + 1];
  catalog.blob_map = old.labels;
  for (int y = 0; y < old.labels.height(); ++y)
    for (int x = 0; x < old.labels.width(); ++x) catalog.blob_map(x, y) = number[old.labels(x, y) + 1];
}

}  // namespace

FittedCatalog merge_results(const BlobFitInput& input, const BlobPlan& plan,
                            std::vector<BlobResult> results) {
  FittedCatalog out;
  for (BlobResult& r : results) {
    out.blobs.push_back(std::move(r.report));
    for (FittedSource& s : r.sources)
      if (s.finished_in_blob || !s.started_in_blob) out.sources.push_back(std::move(s));
  }
  for (const int b : plan.skipped) {
    BlobReport report;
    report.blob = b;
    report.box = input.blobs->blobs[b].box;
    report.pixels = input.blobs->blobs[b].pixels;
    report.sources = static_cast<int>(input.blobs->blobs[b].sources.size());
    out.blobs.push_back(report);
  }
  std::stable_sort(out.blobs.begin(), out.blobs.end(),
                   [](const BlobReport& a, const BlobReport& b) { return a.blob < b.blob; });
  for (FittedSource& s : out.sources) place_in_brick(s, input.brick);
  std::stable_sort(out.sources.begin(), out.sources.end(), [](const FittedSource& a, const FittedSource& b) {
    if (a.in_bounds != b.in_bounds) return a.in_bounds;
    return a.model.ra < b.model.ra;
  });
  renumber_blobs(out, *input.blobs);
  return out;
}

}  // namespace brickline
