// Places in a blob, what the reference mask says of them, and which source owns which pixel.
#include <algorithm>
#include <cmath>

#include "core/blobs/blob_run.h"
#include "core/blobs/segmentation.h"
#include "core/survey/bits.h"
#include "core/wcs/sky.h"

namespace brickline {

std::optional<BlobRun::Pixel> BlobRun::truncated_pixel(double ra, double dec) const {
  const auto p = images_.wcs().sky_to_pixel(ra, dec);
  if (!p) return {};
  if (!(p->x > -1 && p->y > -1 && p->x < images_.width() && p->y < images_.height())) return {};
  return Pixel{static_cast<int>(p->x), static_cast<int>(p->y)};
}

BlobRun::Pixel BlobRun::rounded_pixel(const SourceModel& model) const {
  const auto p = images_.wcs().sky_to_pixel(model.ra, model.dec);
  if (!p) return {0, 0};
  const auto clip = [](double v, int n) {
    return static_cast<int>(std::clamp(std::nearbyint(v), 0.0, n - 1.0));
  };
  return {clip(p->x, images_.width()), clip(p->y, images_.height())};
}

bool BlobRun::inside(double ra, double dec) const {
  const auto p = truncated_pixel(ra, dec);
  return p && task_.mask(p->x, p->y);
}

std::uint8_t BlobRun::reference_bits(int x, int y) const {
  return input_.reference_mask.empty() ? 0 : input_.reference_mask(task_.box.x0 + x, task_.box.y0 + y);
}

void BlobRun::note_reference_mask(SourceRecord& r) const {
  const auto at = images_.wcs().sky_to_pixel(r.model.ra, r.model.dec);
  if (!at) {
    r.alive = false;
    return;
  }
  const auto clip = [](double v, int n) {
    return std::clamp(static_cast<int>(std::clamp(v, -1e6, 1e6)), 0, n - 1);
  };
  const std::uint8_t bits = reference_bits(clip(at->x, images_.width()), clip(at->y, images_.height()));
  using namespace refbit;
  std::uint8_t point = kBright | kCluster | kMclouds, background = kBright | kGalaxy;
  if (options_.galaxy_forces_point_sources) point |= kGalaxy;
  if (options_.background_near_medium_stars) background |= kMedium;
  r.forced_point_source = (bits & point) && !r.model.is_galaxy();
  r.fit_background = bits & background;
  if (options_.joint) go_by_stars(r, bits);
}

// Beside stars whose light is known a source is what it is elsewhere, over no background of its own.
void BlobRun::go_by_stars(SourceRecord& r, std::uint8_t bits) const {
  using namespace refbit;
  if (!r.fit_background || (bits & kGalaxy) || !halo_is_known(r.model.ra, r.model.dec)) return;
  r.fit_background = false;
  if (!(bits & (kCluster | kMclouds))) r.forced_point_source = false;
}

// Whether of every star in whose mask a place is, its own model stands for the light there, as well as the noise tells, or
// what is left of its halo was measured and is off the images.
bool BlobRun::halo_is_known(double ra, double dec) const {
  if (!input_.halo_rests) return false;
  double reach = std::numeric_limits<double>::infinity();  // of stars' models, arcsec
  for (const BlobImage& image : images_.images())
    reach = std::min(reach, image.wcs.pixel_scale_arcsec() * (image.psf.width() / 2));
  bool any = false;
  for (const HaloRests::Star& star : input_.halo_rests->stars()) {
    const double r = 3600 * angular_separation(ra, dec, star.ra, star.dec);
    if (r > star.radius) continue;
    any = true;
    const bool trusted = std::ranges::find(trusted_stars_, star.source) != trusted_stars_.end();
    if (!(r >= star.known_from) && !(trusted && r < reach)) return false;
  }
  return any;
}

// Whether what a bright star's model leaves around it is noise. On real images stars are seldom so well known: what their
// models leave would be taken for sources, and galaxies would grow over it.
bool BlobRun::is_well_modelled(const SourceRecord& star) const {
  constexpr double kFrom = 3, kTo = 8.5;                // arcsec
  constexpr double kMostOff = 0.5, kMostScatter = 1.5;  // of the pixels' errors
  constexpr std::size_t kFewest = 100;
  bool any = false;
  for (std::size_t i = 0; i < images_.images().size(); ++i) {
    if (i >= star.patches.size() || !star.patches[i]) continue;
    const BlobImage& image = images_.images()[i];
    const auto at = images_.place(star.model, image);
    if (!at) continue;
    const Box box = intersection(star.patches[i]->box(), image.data.box());
    std::vector<float> chi;
    for (int y = box.y0; y < box.y1; ++y)
      for (int x = box.x0; x < box.x1; ++x) {
        const double r = image.wcs.pixel_scale_arcsec() * std::hypot(x - at->x, y - at->y);
        const float e = image.inverse_error(x, y);
        if (r >= kFrom && r <= kTo && e > 0) chi.push_back(image.data(x, y) * e);
      }
    if (chi.size() < kFewest) continue;
    const auto middle = chi.begin() + static_cast<std::ptrdiff_t>(chi.size() / 2);
    std::nth_element(chi.begin(), middle, chi.end());
    const float median = *middle;
    for (float& c : chi) c = std::abs(c - median);
    std::nth_element(chi.begin(), middle, chi.end());
    constexpr double kSigmaOfMad = 1.4826;
    if (!(std::abs(median) < kMostOff) || !(kSigmaOfMad * *middle < kMostScatter)) return false;
    any = true;
  }
  return any;
}

// Once all are at their best together: the bright stars that are well modelled, and what lies beside them.
void BlobRun::trust_stars(std::vector<SourceRecord>& records) {
  if (!input_.halo_rests) return;
  for (const HaloRests::Star& star : input_.halo_rests->stars())
    for (const SourceRecord& r : records)
      if (r.source == star.source && r.alive && is_well_modelled(r)) trusted_stars_.push_back(star.source);
  if (trusted_stars_.empty()) return;
  for (SourceRecord& r : records)
    if (const auto at = images_.wcs().sky_to_pixel(r.model.ra, r.model.dec); at && r.alive) {
      const Pixel p = rounded_pixel(r.model);
      go_by_stars(r, reference_bits(p.x, p.y));
    }
}

// Places in the masks of bright stars where nothing is looked for: nearest to them, and where their light is not known.
bool BlobRun::is_lost_in_star(int x, int y) const {
  constexpr double kNearest = 3;  // arcsec
  const SkyPosition at = images_.wcs().pixel_to_sky(x, y);
  if (!halo_is_known(at.ra, at.dec)) return true;
  return std::ranges::any_of(input_.halo_rests->stars(), [&](const HaloRests::Star& star) {
    return 3600 * angular_separation(at.ra, at.dec, star.ra, star.dec) < kNearest;
  });
}

// The greatest S/N of any band, flooded from the sources, with a small kingdom around each.
Image<std::int32_t> BlobRun::segments(const std::vector<SourceRecord>& records) const {
  DetectionMapOptions map_options;
  map_options.apodize_pixels = 0;
  const std::vector<BandMaps> maps =
      detection_maps(images_.detection_images(), images_.wcs(), bands_, map_options);
  Image<float> height(images_.width(), images_.height());
  for (const BandMaps& map : maps)
    for (int y = 0; y < height.height(); ++y)
      for (int x = 0; x < height.width(); ++x)
        height(x, y) = std::max(height(x, y), map.flux(x, y) * std::sqrt(map.inverse_variance(x, y)));
  for (int y = 0; y < height.height(); ++y)
    for (int x = 0; x < height.width(); ++x)
      if (reference_bits(x, y) & refbit::kCluster) height(x, y) = 0;

  const auto seed_of = [&](int i) -> std::optional<Seed> {
    const SourceRecord& r = records[i];
    const Pixel p = rounded_pixel(r.model);
    if (reference_bits(p.x, p.y) & refbit::kCluster) return {};
    const bool star = !r.model.is_galaxy() && (r.traits.point_source || r.forced_point_source);
    return Seed{i, p.x, p.y, star ? options_.point_source_reach : 0.0};
  };
  std::vector<Seed> flood, kingdoms;
  for (std::size_t i = 0; i < records.size(); ++i)
    if (records[i].alive)
      if (const auto seed = seed_of(static_cast<int>(i))) flood.push_back(*seed);
  for (const int i : brightest_first(records, false))
    if (const auto seed = seed_of(i)) kingdoms.push_back(*seed);
  Image<std::int32_t> owners = flood_segments(height.view(), task_.mask.view(), flood);
  claim_kingdoms(owners, kingdoms, options_.kingdom_radius);
  return owners;
}

// Before anything is subtracted. What is found in the residuals may use all pixels.
void BlobRun::reserve_pixels(const std::vector<SourceRecord>& records) {
  std::vector<Seed> galaxies;
  int sources = 0;
  for (const int i : brightest_first(records, false)) {
    ++sources;
    const Pixel p = rounded_pixel(records[i].model);
    if (records[i].model.is_galaxy()) galaxies.push_back({i, p.x, p.y, 0});
  }
  if (options_.galaxy_masking && galaxies.size() > 1)
    reservations_.nearest_galaxy = nearest_seeds(images_.width(), images_.height(), galaxies);
  if (options_.bright_masking && sources > 1)
    reservations_.bright_regions = bright_regions(images_, bands_, options_.bright_sn);
}

}  // namespace brickline
