#include "core/blobs/merge.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "core/model/catalog_order.h"
#include "core/survey/bits.h"

namespace brickline {
namespace {

void place_in_brick(FittedSource& s, const Wcs& brick) {
  const auto rounded = [](double v) { return static_cast<int>(std::nearbyint(std::clamp(v, -1e9, 1e9))); };
  s.ix = rounded(s.x);
  s.iy = rounded(s.y);
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
  catalog.number.assign(number.begin() + 1, number.end());
  for (FittedSource& s : catalog.sources) s.blob = number[s.blob + 1];
  catalog.blob_map = old.labels;
  for (int y = 0; y < old.labels.height(); ++y)
    for (int x = 0; x < old.labels.width(); ++x) catalog.blob_map(x, y) = number[old.labels(x, y) + 1];
}

// Of a blob that failed, or was bailed out of, only what was known before is listed.
bool is_without_fit(const BlobReport& report) {
  return report.status == BlobStatus::kFailed || report.status == BlobStatus::kBailedOut;
}

// What is known of a blob that could not be fitted: its sources of reference catalogs, as they came.
std::vector<FittedSource> reference_sources(const BlobFitInput& input, const BlobTask& task) {
  std::vector<FittedSource> out;
  const std::size_t bands = input.bands.size();
  for (const int i : task.sources) {
    const DetectedSource& from = (*input.sources)[i];
    if (from.reference_row < 0) continue;
    FittedSource s;
    s.model = from.model;
    s.model.flux.resize(bands, 0.0);
    s.model.max_log_re = 0;
    s.inverse_variance.flux.assign(bands, 0.0);
    s.source = i;
    s.blob = s.planned_blob = task.blob;
    s.part = task.part;
    s.start_x = s.x = from.x;
    s.start_y = s.y = from.y;
    s.regular = false;
    s.metrics = {std::vector<float>(bands, 0.0F), std::vector<float>(bands, 0.0F),
                 std::vector<float>(bands, 1.0F), std::vector<float>(bands, 0.0F)};
    out.push_back(std::move(s));
  }
  return out;
}

// Pixels of blobs that were fitted in parts, and of those (or the parts) without a fit. `catalog.blobs` is in
// the order of the tasks.
void mark_pixels(FittedCatalog& catalog, const BlobFitInput& input, const BlobPlan& plan) {
  for (std::size_t i = 0; i < plan.tasks.size(); ++i) {
    const BlobTask& task = plan.tasks[i];
    const bool failed = is_without_fit(catalog.blobs[i]), in_parts = task.part >= 0;
    if (!failed && !in_parts) continue;
    if (catalog.maskbits.empty())
      catalog.maskbits = Image<std::int32_t>(input.brick.width(), input.brick.height());
    const auto mark = [&](const Box& box, std::int32_t bit) {
      for (int y = box.y0; y < box.y1; ++y)
        for (int x = box.x0; x < box.x1; ++x)
          if (input.blobs->labels(x, y) == task.blob) catalog.maskbits(x, y) |= bit;
    };
    if (failed) mark(task.box, maskbit::kBailout);
    if (in_parts) mark(input.blobs->blobs[task.blob].box, maskbit::kSubBlob);
  }
}

}  // namespace

FittedCatalog merge_results(const BlobFitInput& input, const BlobPlan& plan,
                            std::vector<BlobResult> results) {
  FittedCatalog out;
  // A source may have been fitted in two parts of a blob: the first counts.
  std::vector<char> seen(input.sources->size(), 0);
  for (std::size_t i = 0; i < results.size(); ++i) {
    BlobResult& r = results[i];
    if (is_without_fit(r.report)) r.sources = reference_sources(input, plan.tasks[i]);
    out.blobs.push_back(std::move(r.report));
    if (r.account) out.accounts.push_back(std::move(*r.account));
    for (FittedSource& s : r.sources) {
      if (s.started_in_blob && !s.finished_in_blob) continue;
      if (s.source >= 0 && std::exchange(seen[s.source], 1)) continue;
      out.sources.push_back(std::move(s));
    }
  }
  mark_pixels(out, input, plan);
  for (const int b : plan.skipped) {
    BlobReport report;
    report.blob = b;
    report.box = input.blobs->blobs[b].box;
    report.pixels = input.blobs->blobs[b].pixels;
    report.sources = static_cast<int>(input.blobs->blobs[b].sources.size());
    out.blobs.push_back(report);
  }
  std::stable_sort(out.blobs.begin(), out.blobs.end(), [](const BlobReport& a, const BlobReport& b) {
    return std::pair(a.blob, a.part) < std::pair(b.blob, b.part);
  });
  for (FittedSource& s : out.sources) place_in_brick(s, input.brick);
  const auto place = [](const FittedSource& s) {
    return CatalogPlace{s.in_bounds, s.regular, s.model.ra, s.model.dec};
  };
  std::stable_sort(out.sources.begin(), out.sources.end(),
                   [&](const FittedSource& a, const FittedSource& b) { return place(a) < place(b); });
  renumber_blobs(out, *input.blobs);
  for (const std::vector<int>& reach : plan.frozen_reach) {
    std::vector<int>& now = out.frozen_reach.emplace_back();
    for (const int b : reach)
      if (out.number[b] >= 0) now.push_back(out.number[b]);
  }
  return out;
}

}  // namespace brickline
