// What still stands out of a blob once its models are subtracted.
#include <algorithm>
#include <cmath>

#include "core/blobs/blob_run.h"
#include "core/detect/morphology.h"
#include "core/survey/bits.h"

namespace brickline {

std::vector<SourceRecord> BlobRun::detect_in_residuals(const std::vector<SourceRecord>& records,
                                                       const Search& what) {
  DetectionMapOptions map_options;
  map_options.apodize_pixels = 0;
  std::vector<DetectionImage> residuals = images_.detection_images();
  const std::vector<BandMaps> found = detection_maps(residuals, images_.wcs(), bands_, map_options);

  std::vector<Image<std::uint8_t>> saturated;
  std::vector<ImageView<const std::uint8_t>> saturated_views;
  constexpr int kSaturationGrowth = 4;
  for (const BandMaps& map : found) saturated.push_back(dilate(map.saturated.view(), kSaturationGrowth));
  for (const auto& map : saturated) saturated_views.push_back(map.view());
  std::vector<AvoidPoint> avoid;
  for (const SourceRecord& r : records) {
    // What the others do as well without was there, and is not to be tried again.
    if (what.around_living && !r.alive && r.told.fate != SourceFate::kSuperfluous) continue;
    const Pixel at = what.around_living ? rounded_pixel(r.model) : Pixel{r.start_ix, r.start_iy};
    avoid.push_back({at.x, at.y, options_.detection.avoid_radius});
  }
  Image<std::uint8_t> veto(images_.width(), images_.height());
  // Beside stars whose light is known something is looked for, too.
  constexpr std::uint8_t kStars = refbit::kBright | refbit::kMedium;
  for (int y = 0; y < veto.height(); ++y)
    for (int x = 0; x < veto.width(); ++x)
      if (const std::uint8_t bits = reference_bits(x, y))
        veto(x, y) = !options_.joint || (bits & ~kStars) || near_stars_.empty() || is_lost_in_star(x, y);
  const std::vector<Sed> seds = input_.seds.empty()
                                    ? detection_seds(input_.bands)
                                    : std::vector<Sed>(input_.seds.begin(), input_.seds.end());
  const PeakSearch search = find_peaks(found, saturated_views, seds, avoid, veto.view(), options_.detection);
  if (search.peaks.empty()) return {};

  std::vector<Image<float>> drawn;
  for (std::size_t i = 0; i < images_.images().size(); ++i) {
    const BlobImage& image = images_.images()[i];
    drawn.emplace_back(image.data.width(), image.data.height());
    for (const SourceRecord& r : records)
      if (r.alive && r.patches[i]) add_patch(drawn.back().view(), *r.patches[i], 1);
    for (const SourcePatches& galaxy : frozen_)
      if (galaxy[i]) add_patch(drawn.back().view(), *galaxy[i], 1);
    residuals[i].data = drawn.back().view();
  }
  const std::vector<BandMaps> known = detection_maps(residuals, images_.wcs(), bands_, map_options);

  std::vector<SourceRecord> out;
  for (const Peak& peak : search.peaks) {
    const auto best_sn = [&](const std::vector<BandMaps>& maps) {
      float best = -INFINITY;
      for (const BandMaps& m : maps)
        best = std::max(best, m.flux(peak.x, peak.y) * std::sqrt(m.inverse_variance(peak.x, peak.y)));
      return best;
    };
    // Stars' wings are not as well known as that.
    const double share = reference_bits(peak.x, peak.y) & kStars
                             ? std::max(what.model_share, options_.iterative_model_share)
                             : what.model_share;
    if (!(best_sn(found) > share * std::max(best_sn(known), 1.0F))) continue;
    SourceRecord r;
    const SkyPosition sky = images_.wcs().pixel_to_sky(peak.x, peak.y);
    r.model.ra = sky.ra;
    r.model.dec = sky.dec;
    for (const BandMaps& m : found) r.model.flux.push_back(m.flux(peak.x, peak.y));
    r.start_flux = r.model.flux;
    r.found = r.model;
    r.start_x = r.start_ix = peak.x;
    r.start_y = r.start_iy = peak.y;
    r.started_in_blob = task_.mask(peak.x, peak.y) != 0;
    out.push_back(std::move(r));
  }
  return out;
}

}  // namespace brickline
