#include "tools/simulate_survey/ccd_pixels.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "tools/simulate_survey/halo.h"
#include "tools/simulate_survey/random.h"

namespace brickline::simulate {
namespace {

// Sources farther than this from the image do not reach it, pixels.
constexpr double kFarthest = 600;
// The satellite trail: height in units of the noise, width in pixels, slope on the focal plane.
constexpr double kTrailHeight = 25, kTrailSigma = 2, kTrailAngle = 37;

void add_trail(Image<float>& image, const Exposure& exposure, const CcdPlan& ccd) {
  const double angle = kTrailAngle * std::numbers::pi / 180;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) {
      const double d = ((ccd.focal_x + x - exposure.trail->x) * std::sin(angle) -
                        (ccd.focal_y + y - exposure.trail->y) * std::cos(angle)) /
                       kTrailSigma;
      if (std::abs(d) < 8)
        image(x, y) += static_cast<float>(kTrailHeight * exposure.noise * std::exp(-0.5 * d * d));
    }
}

void add_cosmic_rays(const SimulationOptions& options, Random& random, CcdPixels& pixels) {
  const Image<float>& image = pixels.image;
  const double area = image.width() * std::pow(options.pixel_scale / 60, 2) * image.height();
  const int count = static_cast<int>(random.poisson(options.cosmic_rays * area));
  for (int i = 0; i < count; ++i) {
    const double angle = random.uniform(0, std::numbers::pi);
    const int x0 = random.integer(0, image.width()), y0 = random.integer(0, image.height());
    const int length = random.integer(2, 8);
    const double charge = random.uniform(300, 3000);
    for (int step = 0; step < length; ++step) {
      const int x = x0 + static_cast<int>(std::lround(step * std::cos(angle)));
      const int y = y0 + static_cast<int>(std::lround(step * std::sin(angle)));
      if (!image.box().contains(x, y)) continue;
      pixels.image(x, y) += static_cast<float>(charge);
      pixels.quality(x, y) = kCosmicRay;
    }
  }
}

// Charge beyond the full well flows along the column, half to either side, until it has filled pixels up.
void saturate(Image<float>& image, Image<std::int32_t>& quality, float full_well) {
  for (int x = 0; x < image.width(); ++x)
    for (int y = 0; y < image.height(); ++y) {
      if (image(x, y) <= full_well) continue;
      int end = y;
      double excess = 0;
      for (; end < image.height() && image(x, end) > full_well; ++end) {
        excess += image(x, end) - full_well;
        image(x, end) = full_well;
        quality(x, end) = kSaturated;
      }
      const auto spill = [&](int row, int step) {
        for (double charge = excess / 2; charge > 0 && row >= 0 && row < image.height(); row += step) {
          const double room = std::max(0.0f, full_well - image(x, row));
          const double taken = std::min(room, charge);
          image(x, row) += static_cast<float>(taken);
          if (taken > 0 && quality(x, row) != kSaturated) quality(x, row) = kBleed;
          charge -= taken;
        }
      };
      spill(y - 1, -1);
      spill(end, 1);
      y = end;
    }
}

constexpr double kDiskIndex = 1, kBulgeIndex = 4;  // of COMP

}  // namespace

std::vector<RenderedSource> prepare_profiles(const std::vector<Source>& sources,
                                             const std::function<double(double n)>& end) {
  std::map<double, std::shared_ptr<const SersicProfile>> by_index;
  const auto index_of = [](const Source& s) { return s.bulge ? kDiskIndex : s.sersic_index; };
  for (const Source& s : sources) {
    if (!s.is_star()) by_index[index_of(s)];
    if (s.bulge) by_index[kBulgeIndex];
  }
  std::vector<std::pair<const double, std::shared_ptr<const SersicProfile>>*> entries;
  for (auto& entry : by_index) entries.push_back(&entry);
  tbb::parallel_for(std::size_t{0}, entries.size(), [&](std::size_t i) {
    const double n = entries[i]->first;
    entries[i]->second =
        end ? std::make_shared<SersicProfile>(n, end(n)) : std::make_shared<SersicProfile>(n);
  });
  std::vector<RenderedSource> prepared;
  for (const Source& s : sources)
    prepared.push_back(
        {&s, s.is_star() ? nullptr : by_index[index_of(s)], s.bulge ? by_index[kBulgeIndex] : nullptr});
  return prepared;
}

void add_galaxy(const Renderer& renderer, const RenderedSource& source, const Moffat& psf,
                const MoffatTransform& transform, const std::array<double, 4>& arcsec_per_pixel,
                PixelPoint at, double flux, double bulge_fraction, Image<float>& image) {
  const Source& s = *source.source;
  GalaxyShape shape;
  shape.arcsec_per_pixel = arcsec_per_pixel;
  shape.profile = source.profile.get();
  shape.half_light_radius = s.half_light_radius;
  shape.axis_ratio = s.axis_ratio;
  shape.position_angle = s.position_angle;
  const double of_disk = s.bulge ? (1 - bulge_fraction) * flux : flux;
  if (of_disk != 0) renderer.add_galaxy(image, psf, transform, shape, at.x, at.y, of_disk);
  if (!s.bulge || bulge_fraction == 0) return;
  shape.profile = source.bulge.get();
  shape.half_light_radius = s.bulge->half_light_radius;
  shape.axis_ratio = s.bulge->axis_ratio;
  shape.position_angle = s.bulge->position_angle;
  renderer.add_galaxy(image, psf, transform, shape, at.x, at.y, bulge_fraction * flux);
}

Image<float> render_sources(const std::vector<RenderedSource>& sources, const Exposure& exposure,
                            const CcdPlan& ccd, const PsfField& psf, const Renderer& renderer,
                            double pixel_scale) {
  Image<float> image(ccd.width(), ccd.height());
  const double years = (exposure.mjd - 51544.5) / 365.25 + 2000 - kReferenceEpoch;
  for (const RenderedSource& rendered : sources) {
    const Source& s = *rendered.source;
    SkyPoint sky = s.position;
    if (s.pmra != 0 || s.pmdec != 0) sky = offset_point(sky, s.pmra * years / 3.6e6, s.pmdec * years / 3.6e6);
    const auto at = ccd.geometry.to_pixel(sky.ra, sky.dec);
    if (at && ccd.halo && s.in_gaia())
      add_halo(image, *ccd.halo, pixel_scale, at->x, at->y,
               s.flux[exposure.band] * exposure.counts_per_nanomaggy * ccd.flux_factor, mask_radius(s));
    if (!at || at->x < -kFarthest || at->y < -kFarthest || at->x > image.width() + kFarthest ||
        at->y > image.height() + kFarthest)
      continue;
    const double chip_x = at->x + ccd.extent.x0, chip_y = at->y + ccd.extent.y0;
    const double flux =
        s.flux[exposure.band] * exposure.counts_per_nanomaggy * ccd.flux_factor * psf.norm(chip_x, chip_y);
    const Moffat moffat = psf.at(chip_x, chip_y);
    if (s.is_star()) {
      renderer.add_star(image, moffat, at->x, at->y, flux);
    } else {
      add_galaxy(renderer, rendered, moffat, psf.transform(), ccd.geometry.arcsec_per_pixel(at->x, at->y),
                 *at, flux, s.bulge ? s.bulge->fraction[exposure.band] : 0, image);
    }
  }
  return image;
}

CcdPixels make_pixels(const SimulationOptions& options, const std::vector<RenderedSource>& sources,
                      const Exposure& exposure, const CcdPlan& ccd, const PsfField& psf,
                      const Renderer& renderer) {
  CcdPixels pixels;
  pixels.image = render_sources(sources, exposure, ccd, psf, renderer, options.pixel_scale);
  Image<float>& image = pixels.image;
  if (exposure.trail) add_trail(image, exposure, ccd);
  const auto key = [&](int row) {
    return Random(options.seed, Stream::kPixelRow,
                  {static_cast<std::uint64_t>(exposure.index), static_cast<std::uint64_t>(ccd.index),
                   static_cast<std::uint64_t>(row)});
  };
  tbb::parallel_for(0, image.height(), [&](int y) {
    Random random = key(y);
    for (int x = 0; x < image.width(); ++x) {
      const double light = std::max(0.0f, image(x, y)) + ccd.sky.at(x + ccd.extent.x0, y + ccd.extent.y0);
      image(x, y) = static_cast<float>(random.poisson(light * options.gain) / options.gain +
                                       random.normal(0, exposure.read_noise));
    }
  });

  pixels.quality = Image<std::int32_t>(image.width(), image.height(), kGood);
  Random random(options.seed, Stream::kDefects,
                {static_cast<std::uint64_t>(exposure.index), static_cast<std::uint64_t>(ccd.index)});
  add_cosmic_rays(options, random, pixels);
  saturate(image, pixels.quality, static_cast<float>(options.saturation));
  const auto variance = static_cast<float>(exposure.noise * exposure.noise);
  pixels.weight = Image<float>(image.width(), image.height(), 1 / variance);
  const int columns = static_cast<int>(random.poisson(options.bad_columns));
  for (int i = 0; i < columns; ++i) {
    const int x = random.integer(0, image.width());
    for (int y = 0; y < image.height(); ++y) {
      image(x, y) = static_cast<float>(ccd.sky.level + random.normal(0, 5 * exposure.noise));
      pixels.quality(x, y) = kBad;
      pixels.weight(x, y) = 0;
    }
  }

  if (options.counts_per_second) {
    const auto time = static_cast<float>(exposure.exposure_time);
    for (int y = 0; y < image.height(); ++y)
      for (int x = 0; x < image.width(); ++x) {
        image(x, y) /= time;
        pixels.weight(x, y) *= time * time;
      }
  }
  return pixels;
}

}  // namespace brickline::simulate
