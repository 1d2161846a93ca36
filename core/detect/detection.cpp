#include "core/detect/detection.h"

#include <cmath>
#include <utility>

#include "core/detect/morphology.h"

namespace brickline {
namespace {

DetectedSource source_at(const Peak& peak, const Wcs& brick, std::span<const BandMaps> maps, const Sed& sed,
                         std::span<const Image<std::uint8_t>> saturated) {
  DetectedSource s;
  const SkyPosition sky = brick.pixel_to_sky(peak.x, peak.y);
  s.model.kind = SourceKind::kPsf;
  s.model.ra = sky.ra;
  s.model.dec = sky.dec;
  for (const BandMaps& map : maps) s.model.flux.push_back(map.flux(peak.x, peak.y));
  s.x = s.ix = peak.x;
  s.y = s.iy = peak.y;
  s.peak_sn = peak.sn;
  s.sed = sed.name;
  for (const Image<std::uint8_t>& map : saturated) s.needs_initial_flux |= map(peak.x, peak.y) != 0;
  return s;
}

// Runs of pixels of column x where set(y), as [first, last).
template <typename Set>
std::vector<std::pair<int, int>> column_runs(int height, Set&& set) {
  std::vector<std::pair<int, int>> out;
  for (int y = 0; y < height;) {
    if (!set(y)) {
      ++y;
      continue;
    }
    const int first = y;
    while (y < height && set(y)) ++y;
    out.emplace_back(first, y);
  }
  return out;
}

}  // namespace

void merge_hot_saturated(Image<std::uint8_t>& hot, std::span<const Image<std::uint8_t>> saturated) {
  const int w = hot.width(), h = hot.height();
  Image<std::uint8_t> either = hot;
  for (const Image<std::uint8_t>& map : saturated)
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) either(x, y) |= static_cast<std::uint8_t>(map(x, y) != 0);
  for (int x = 0; x < w; ++x) {
    const auto hot_runs = column_runs(h, [&](int y) { return hot(x, y) != 0; });
    if (hot_runs.size() < 2) continue;
    const auto joined = column_runs(h, [&](int y) { return either(x, y) != 0; });
    // As in the reference: a run that is only saturated, elsewhere in the column, can outweigh a join.
    if (joined.size() >= hot_runs.size()) continue;
    std::size_t i = 0;
    for (const auto& [first, last] : joined) {
      int inside = 0;
      for (; i < hot_runs.size() && hot_runs[i].first < last; ++i) ++inside;
      if (inside >= 2)
        for (int y = first; y < last; ++y) hot(x, y) = 1;
    }
  }
}

Image<std::uint8_t> saturated_pixels(std::span<const CcdImage> images, const Wcs& brick,
                                     const std::string& band, const DetectionOptions& options) {
  const auto maps = detection_maps(detection_images(images, std::span(&band, 1)), brick, 1, options.maps);
  return dilate(maps.front().saturated.view(), options.saturation_growth);
}

Detection detect_sources(std::span<const CcdImage> images, const Wcs& brick,
                         std::span<const std::string> bands, const DetectionPrior& prior,
                         const DetectionOptions& options, const Log& log) {
  Detection out;
  const std::vector<BandMaps> maps =
      detection_maps(detection_images(images, bands), brick, static_cast<int>(bands.size()), options.maps);
  for (const BandMaps& map : maps)
    out.saturated.push_back(dilate(map.saturated.view(), options.saturation_growth));
  const std::vector<ImageView<const std::uint8_t>> saturated_views = [&] {
    std::vector<ImageView<const std::uint8_t>> v;
    for (const Image<std::uint8_t>& map : out.saturated) v.push_back(map.view());
    return v;
  }();

  out.seds = options.seds.empty() ? detection_seds(bands) : options.seds;
  PeakSearch search =
      find_peaks(maps, saturated_views, out.seds, prior.avoid, prior.veto.view(), options.peaks);
  out.counts = search.counts;
  for (const Peak& peak : search.peaks)
    out.sources.push_back(source_at(peak, brick, maps, out.seds[peak.sed], out.saturated));
  out.sources.insert(out.sources.end(), prior.references.begin(), prior.references.end());
  if (bands.empty()) return out;

  merge_hot_saturated(search.hot, out.saturated);
  out.blobs = make_blobs(search.hot.view(), out.sources);
  out.bright = std::move(search.bright);
  for (std::size_t s = 0; s < out.seds.size(); ++s)
    log.debug("detection {}: {} peaks, {} vetoed, {} below a saddle, {} below their surroundings, {} kept",
              out.seds[s].name, out.counts[s].candidates, out.counts[s].vetoed, out.counts[s].below_saddle,
              out.counts[s].below_annulus, out.counts[s].kept);
  log.info("{} sources ({} known before) in {} blobs", out.sources.size(), prior.references.size(),
           out.blobs.blobs.size());
  return out;
}

}  // namespace brickline
