#include "core/blobs/blob_account.h"

#include <algorithm>

#include "core/blobs/blob_run.h"

namespace brickline {
namespace {

SourceAccount account_of(const SourceRecord& r, const Box& box) {
  SourceAccount a;
  a.source = r.source;
  a.from_catalog = r.from_catalog;
  a.start_x = r.start_x + box.x0;
  a.start_y = r.start_y + box.y0;
  a.found = r.found;
  a.first_round = r.after_first_round;
  a.last = r.model;
  a.forced_point_source = r.forced_point_source;
  a.fit_background = r.fit_background;
  a.frozen = r.traits.frozen;
  a.needed_flux = r.needs_initial_flux;
  a.forced_to_stay = r.forced_to_stay;
  a.failure = r.failure;
  a.first_round_end = r.first_round_end;
  a.rectangle_width = r.rectangle_width;
  a.rectangle_height = r.rectangle_height;
  a.pixels = r.pixels;
  a.images = r.images;
  a.owned_pixels = r.owned_pixels;
  a.chi2_none = r.chi2_none;
  a.models = r.models;
  // What was chosen before is not what it was rejected as.
  if (r.model_chosen && (r.alive || r.told.fate != SourceFate::kStays)) a.chosen = r.chosen;
  if (r.model.is_composite()) a.composite_gain = r.composite_gain;
  a.kept = r.alive && r.told.fate != SourceFate::kUnmeasured;
  a.unfinished = r.unfinished;
  a.told = r.told;
  a.split_from = r.split_from;
  return a;
}

}  // namespace

void BlobRun::tell_of_neighbours(const std::vector<SourceRecord>& records,
                                 std::vector<SourceAccount>& accounts) {
  constexpr double kWorthTelling = 0.01;  // of overlap
  constexpr std::size_t kMost = 5;
  const Neighbourhood near = neighbours(records);
  for (std::size_t i = 0; i < records.size(); ++i) {
    SourceAccount& a = accounts[i];
    for (const Neighbour& n : near.of[i])
      if (n.overlap > kWorthTelling && a.neighbours.size() < kMost)
        a.neighbours.push_back({n.record, n.overlap});
  }
}

BlobAccount BlobRun::account(const std::vector<SourceRecord>& records) {
  BlobAccount out;
  out.blob = task_.blob;
  out.part = task_.part;
  out.box = task_.box;
  for (const SourceRecord& r : records) out.sources.push_back(account_of(r, task_.box));
  if (options_.joint) tell_of_neighbours(records, out.sources);
  const std::vector<BlobImage>& images = images_.images();
  for (const BlobImage& image : images) {
    const CcdImage& from = input_.images[image.index];
    ImageAccount a{from.name, from.band, image.box, 0, 0};
    for (int y = 0; y < image.data.height(); ++y)
      for (int x = 0; x < image.data.width(); ++x) {
        const double e = image.inverse_error(x, y), chi = image.data(x, y) * e;
        a.pixels += e > 0;
        a.chi2 += chi * chi;
      }
    out.images.push_back(std::move(a));
  }
  const auto worst = std::max_element(
      out.images.begin(), out.images.end(),
      [](const ImageAccount& a, const ImageAccount& b) { return a.per_pixel() < b.per_pixel(); });
  if (worst == out.images.end()) return out;
  const std::size_t w = worst - out.images.begin();
  out.worst = static_cast<int>(w);
  const BlobImage& image = images[w];
  out.model = Image<float>(image.data.width(), image.data.height());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const SourceRecord& r = records[i];
    if (const auto at = images_.place(r.model, image))
      out.places.push_back({at->x, at->y, static_cast<int>(i)});
    if (r.alive && w < r.patches.size() && r.patches[w]) add_patch(out.model.view(), *r.patches[w], 1);
  }
  for (const SourcePatches& galaxy : frozen_)
    if (galaxy[w]) add_patch(out.model.view(), *galaxy[w], 1);
  out.data = image.data;
  out.residual_sigmas = image.data;
  for (int y = 0; y < out.data.height(); ++y)
    for (int x = 0; x < out.data.width(); ++x) {
      out.data(x, y) += out.model(x, y);
      out.residual_sigmas(x, y) *= image.inverse_error(x, y);
    }
  return out;
}

}  // namespace brickline
