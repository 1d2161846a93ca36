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
  std::uint8_t point = kCluster | kMclouds, background = kBright | kGalaxy;
  // Fitted together with the star over a background that leans, a galaxy beside it is as good a galaxy as any.
  if (!options_.joint) point |= kBright;
  if (options_.galaxy_forces_point_sources) point |= kGalaxy;
  if (options_.background_near_medium_stars) background |= kMedium;
  r.forced_point_source = (bits & point) && !r.model.is_galaxy();
  r.fit_background = bits & background;
  if (options_.joint && r.fit_background && !(bits & kGalaxy) && halo_is_known(r.model)) r.fit_background = false;
}

// Whether of every star in whose mask a source is, its own model stands for the light there, being fitted here with it, or
// what is left of its halo was measured and is off the images.
bool BlobRun::halo_is_known(const SourceModel& model) const {
  if (!input_.halo_rests) return false;
  double reach = std::numeric_limits<double>::infinity();  // of stars' models, arcsec
  for (const BlobImage& image : images_.images())
    reach = std::min(reach, image.wcs.pixel_scale_arcsec() * (image.psf.width() / 2));
  bool any = false;
  for (const HaloRests::Star& star : input_.halo_rests->stars()) {
    const double r = 3600 * angular_separation(model.ra, model.dec, star.ra, star.dec);
    if (r > star.radius) continue;
    any = true;
    const bool is_here = std::ranges::find(task_.sources, star.source) != task_.sources.end();
    if (!(r >= star.known_from) && !(is_here && r < reach)) return false;
  }
  return any;
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
