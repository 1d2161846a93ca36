// Whether what was decided about a source still holds: nobody decides again on what has not changed.
#include <algorithm>
#include <cmath>

#include "core/blobs/blob_run.h"

namespace brickline {
namespace {

// In sigmas, changes of the pixels that a source has light on: less than so much changes no kind.
constexpr double kFelt = 1;
// Pixels count wholly where a source has so many sigmas of the pixel's noise, or so much of what it has at its peak; less
// of it, less; and below a share of that not at all.
constexpr double kWhole = 0.5, kOfPeak = 0.5, kNothing = 0.4;

// The level from which on pixels count wholly.
double whole_level(const BlobImage& image, const Patch& own) {
  double peak = 0;
  for (int y = 0; y < own.pixels.height(); ++y)
    for (int x = 0; x < own.pixels.width(); ++x)
      peak = std::max<double>(peak, std::abs(own.pixels(x, y)) * image.inverse_error(own.x0 + x, own.y0 + y));
  return std::min(kWhole, kOfPeak * peak);
}

// Around the pixels that count.
Box counted(const BlobImage& image, const Patch& own) {
  const double least = kNothing * whole_level(image, own);
  Box out;
  for (int y = own.y0; y < own.box().y1; ++y)
    for (int x = own.x0; x < own.box().x1; ++x) {
      if (!(std::abs(own.pixels(x - own.x0, y - own.y0)) * image.inverse_error(x, y) > least)) continue;
      if (out.empty()) out = {x, x + 1, y, y + 1};
      out = {std::min(out.x0, x), std::max(out.x1, x + 1), out.y0, y + 1};
    }
  return out;
}

}  // namespace

bool BlobRun::is_decided(const SourceRecord& r, const Decided& on) const {
  if (on.data.empty() || on.kind != r.model.kind || on.no_more_than != r.no_more_than) return false;
  double felt = 0;
  for (std::size_t i = 0; i < r.patches.size(); ++i) {
    if (!r.patches[i]) continue;
    const BlobImage& image = images_.images()[i];
    const Patch& own = *r.patches[i];
    const Patch* then = on.data[i] ? &*on.data[i] : nullptr;
    const double whole = whole_level(image, own);
    for (int y = own.y0; y < own.box().y1; ++y)
      for (int x = own.x0; x < own.box().x1; ++x) {
        const double e = image.inverse_error(x, y), p = own.pixels(x - own.x0, y - own.y0) * e;
        if (!(std::abs(p) > kNothing * whole)) continue;
        // Where it had nothing then all that it has now is new.
        const bool known = then && then->box().contains(x, y);
        const double change =
            known ? image.data(x, y) * e + p - then->pixels(x - then->x0, y - then->y0) * e : p;
        felt += change * change * std::min(1.0, std::abs(p) / whole);
      }
    if (!(felt < kFelt * kFelt)) return false;
  }
  return true;
}

BlobRun::Decided BlobRun::decided_now(const SourceRecord& r) const {
  Decided out{r.model.kind, r.no_more_than, {}};
  for (std::size_t i = 0; i < r.patches.size(); ++i) {
    out.data.emplace_back();
    if (!r.patches[i]) continue;
    const BlobImage& image = images_.images()[i];
    const Patch& own = *r.patches[i];
    const Box box = counted(image, own);
    if (box.empty()) continue;
    Patch data{crop(image.data, box), box.x0, box.y0};
    for (int y = box.y0; y < box.y1; ++y)
      for (int x = box.x0; x < box.x1; ++x)
        data.pixels(x - box.x0, y - box.y0) += own.pixels(x - own.x0, y - own.y0);
    out.data.back() = std::move(data);
  }
  return out;
}

std::vector<char> BlobRun::undecided(const std::vector<SourceRecord>& records, std::vector<Decided>& on,
                                     std::vector<char> wanted) const {
  if (wanted.empty()) wanted.assign(records.size(), 1);
  on.resize(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    wanted[i] = wanted[i] && may_be_fitted_together(records[i]) && !is_decided(records[i], on[i]);
    if (wanted[i]) on[i] = decided_now(records[i]);
  }
  return wanted;
}

}  // namespace brickline
