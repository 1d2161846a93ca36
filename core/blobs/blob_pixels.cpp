// Places in a blob, what the reference mask says of them, and which source owns which pixel.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/blobs/blob_run.h"
#include "core/blobs/segmentation.h"
#include "core/survey/bits.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

// The lower of the two in the middle of an even number. Changes their order.
float median_of(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

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

std::optional<std::uint8_t> BlobRun::reference_bits(const SourceModel& model) const {
  const auto at = images_.wcs().sky_to_pixel(model.ra, model.dec);
  if (!at) return {};
  const auto clip = [](double v, int n) {
    return std::clamp(static_cast<int>(std::clamp(v, -1e6, 1e6)), 0, n - 1);
  };
  return reference_bits(clip(at->x, images_.width()), clip(at->y, images_.height()));
}

void BlobRun::note_reference_mask(SourceRecord& r) const {
  const auto bits = reference_bits(r.model);
  if (!bits) {
    r.alive = false;
    return;
  }
  using namespace refbit;
  std::uint8_t point = kBright | kCluster | kMclouds, background = kBright | kGalaxy;
  if (options_.galaxy_forces_point_sources) point |= kGalaxy;
  if (options_.background_near_medium_stars) background |= kMedium;
  r.forced_point_source = (*bits & point) && !r.model.is_galaxy();
  r.fit_background = *bits & background;
  if (options_.joint) go_by_stars(r, *bits);
}

// Beside stars whose light is known a source is what it is elsewhere, over no background of its own.
void BlobRun::go_by_stars(SourceRecord& r, std::uint8_t bits) const {
  using namespace refbit;
  if (!r.fit_background || (bits & kGalaxy) || !starlight_at(r.model.ra, r.model.dec).known) return;
  r.fit_background = false;
  if (!(bits & (kCluster | kMclouds))) r.forced_point_source = false;
}

void BlobRun::find_near_stars() {
  if (!input_.halo_rests) return;
  const SkyPosition centre =
      images_.wcs().pixel_to_sky((images_.width() - 1) / 2.0, (images_.height() - 1) / 2.0);
  const double half_diagonal =
      images_.wcs().pixel_scale_arcsec() * std::hypot(images_.width(), images_.height()) / 2;
  constexpr double kMargin = 2;  // arcsec: places just beside the rectangle count
  const std::vector<HaloRests::Star>& stars = input_.halo_rests->stars();
  for (std::size_t s = 0; s < stars.size(); ++s) {
    if (3600 * angular_separation(centre.ra, centre.dec, stars[s].ra, stars[s].dec) >
        stars[s].radius + half_diagonal + kMargin)
      continue;
    NearStar near{stars[s], {}, 0};
    for (const BlobImage& image : images_.images())
      near.known.push_back(input_.halo_rests->known(image.index, s));
    near_stars_.push_back(std::move(near));
  }
  if (near_stars_.empty()) return;
  const int margin = static_cast<int>(std::ceil(kMargin / images_.wcs().pixel_scale_arcsec()));
  for (const BlobImage& image : images_.images()) {
    Box seen{images_.width(), 0, images_.height(), 0};
    for (int y = 0; y < image.blob_pixel.height(); ++y)
      for (int x = 0; x < image.blob_pixel.width(); ++x)
        if (const std::int32_t p = image.blob_pixel(x, y); p >= 0) {
          const int bx = p % images_.width(), by = p / images_.width();
          seen = {std::min(seen.x0, bx), std::max(seen.x1, bx + 1), std::min(seen.y0, by),
                  std::max(seen.y1, by + 1)};
        }
    footprints_.push_back({seen.x0 - margin, seen.x1 + margin, seen.y0 - margin, seen.y1 + margin});
  }
}

// Whether of every star in whose mask a place is, its own model stands for the light there, as well as the noise tells, or
// what is left of its halo was measured on every image of the place and is off it.
BlobRun::Starlight BlobRun::starlight_at(double ra, double dec) const {
  Starlight out;
  const auto at = near_stars_.empty() ? std::nullopt : images_.wcs().sky_to_pixel(ra, dec);
  if (!at) return out;
  const auto clip = [](double v, int n) { return std::lround(std::clamp(v, 0.0, n - 1.0)); };
  const int x = static_cast<int>(clip(at->x, images_.width())),
            y = static_cast<int>(clip(at->y, images_.height()));
  bool all = true;
  for (const NearStar& near : near_stars_) {
    const double r = 3600 * angular_separation(ra, dec, near.star.ra, near.star.dec);
    if (r > near.star.radius) continue;
    out.nearest = std::min(out.nearest, r);
    if (!all || r < near.trusted_to) continue;
    for (std::size_t i = 0; i < near.known.size() && all; ++i)
      if (footprints_[i].contains(x, y) && near.known[i])
        all = r >= near.known[i]->from && r <= near.known[i]->to;
  }
  out.known = all && std::isfinite(out.nearest);
  return out;
}

// Arcsec to which what a bright star's model leaves around it is noise; 0: it is not. On real images stars are seldom so well
// known: what their models leave would be taken for sources, and galaxies would grow over it. All exposures of a band together
// tell: what is little in each of them is much in all. Every band of the blob must be so, in every ring.
double BlobRun::well_modelled_to(const SourceRecord& star) const {
  constexpr std::array kRings = {3.0, 4.5, 6.0, 8.5};  // arcsec
  // Of the pixels' errors, or as much as it is by chance (over the root of the pixels): a third of a ring's sectors at least are
  // no more than this above, and a third no more below: what is not found yet is in the others. It makes no sector dark.
  constexpr double kMostOff = 0.1, kByChance = 2.5, kMostDark = 0.2, kDarkByChance = 8;
  constexpr double kMostScatter = 1.5;               // which has the star's own photons, too
  constexpr std::size_t kSectors = 9, kFewest = 15;  // pixels of a sector of a ring
  constexpr float kSigmaOfMad = 1.4826F;
  using Sectors = std::array<std::vector<float>, kSectors>;
  double reach = kRings.back();
  for (const BlobImage& image : images_.images())
    reach = std::min(reach, image.wcs.pixel_scale_arcsec() * (image.psf.width() / 2));
  const auto centre = images_.wcs().sky_to_pixel(star.model.ra, star.model.dec);
  if (!centre) return 0;
  const int width = images_.width(), height = images_.height();
  for (int band = 0; band < bands_; ++band) {
    if (std::ranges::none_of(images_.images(), [&](const BlobImage& i) { return i.band == band; })) continue;
    Image<float> sum(width, height), weight(width, height);
    for (std::size_t i = 0; i < images_.images().size(); ++i) {
      const BlobImage& image = images_.images()[i];
      if (image.band != band || i >= star.patches.size() || !star.patches[i]) continue;
      const Box box = intersection(star.patches[i]->box(), image.data.box());
      for (int y = box.y0; y < box.y1; ++y)
        for (int x = box.x0; x < box.x1; ++x) {
          const std::int32_t p = image.blob_pixel(x, y);
          const float w = image.inverse_error(x, y) * image.inverse_error(x, y);
          if (p < 0 || !(w > 0)) continue;
          sum(p % width, p / width) += w * image.data(x, y);
          weight(p % width, p / width) += w;
        }
    }
    std::array<Sectors, kRings.size() - 1> chi;
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        const double dx = x - centre->x, dy = y - centre->y;
        const double r = images_.wcs().pixel_scale_arcsec() * std::hypot(dx, dy);
        if (!(weight(x, y) > 0) || r < kRings.front() || r >= kRings.back()) continue;
        const auto ring = static_cast<std::size_t>(std::ranges::upper_bound(kRings, r) - kRings.begin() - 1);
        const double turn = std::atan2(dy, dx) / (2 * std::numbers::pi) + 0.5;
        const auto sector = std::min(static_cast<std::size_t>(turn * kSectors), kSectors - 1);
        chi[ring][sector].push_back(sum(x, y) / std::sqrt(weight(x, y)));
      }
    for (std::size_t k = 0; k < chi.size(); ++k) {
      if (std::ranges::any_of(chi[k], [](const auto& s) { return s.size() < kFewest; })) {
        reach = std::min(reach, kRings[k]);
        break;
      }
      double pixels = 0;
      std::vector<float> level, scatter;
      for (std::vector<float>& sector : chi[k]) {
        pixels += static_cast<double>(sector.size());
        level.push_back(median_of(sector));
        for (float& c : sector) c = std::abs(c - level.back());
        scatter.push_back(kSigmaOfMad * median_of(sector));
      }
      std::ranges::sort(level);
      const double noise = std::max(median_of(scatter), 1.0F), by_chance = noise / std::sqrt(pixels);
      const double most = std::max(kMostOff, kByChance * by_chance);
      if (!(level[kSectors / 3 - 1] < most && level[kSectors - kSectors / 3] > -most &&
            level[1] > -std::max(kMostDark, kDarkByChance * by_chance) && noise < kMostScatter))
        return 0;
    }
  }
  return reach > kRings.front() ? reach : 0;
}

// Once all are at their best together: the bright stars that are well modelled, and what lies beside them.
void BlobRun::trust_stars(std::vector<SourceRecord>& records) {
  bool any = false;
  for (NearStar& near : near_stars_)
    for (const SourceRecord& r : records)
      if (near.star.source >= 0 && r.source == near.star.source && r.alive) {
        near.trusted_to = well_modelled_to(r);
        any = any || near.trusted_to > 0;
      }
  if (!any) return;
  for (SourceRecord& r : records)
    if (r.alive)
      if (const auto bits = reference_bits(r.model)) go_by_stars(r, *bits);
}

// Places in the masks of bright stars where nothing is looked for: nearest to them, and where their light is not known.
bool BlobRun::is_lost_in_star(int x, int y) const {
  constexpr double kNearest = 3;  // arcsec
  const SkyPosition at = images_.wcs().pixel_to_sky(x, y);
  const Starlight light = starlight_at(at.ra, at.dec);
  return !light.known || light.nearest < kNearest;
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
