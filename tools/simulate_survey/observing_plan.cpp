#include "tools/simulate_survey/observing_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>

#include "core/base/error.h"
#include "tools/simulate_survey/random.h"

namespace brickline::simulate {
namespace {

// Cubic distortions of a wide-field corrector, degree^-2 (of the size found in the headers of such cameras),
// with small mixed terms so that a wrong term order is seen.
constexpr double kPv1[4] = {-0.0042, 0.0009, -0.0045, -0.0012};  // u^3, u^2 v, u v^2, v^3
constexpr double kPv2[4] = {-0.0062, -0.0006, -0.0036, 0.0004};  // v^3, v^2 u, v u^2, u^3
constexpr double kPvQuadratic[2] = {-0.00013, 0.00042};          // u^2 of axis 1, v^2 of axis 2

// A chip counts as seeing the region if their common part is at least this wide, pixels.
constexpr double kSmallestOverlap = 64;

// Points the telescope so that `target` falls on the focal-plane pixel `at`.
ImageGeometry point_telescope(const SimulationOptions& options, const Layout& layout, double rotation_degrees,
                              const SkyPoint& target, const PixelPoint& at) {
  ImageGeometry g;
  const double angle = rotation_degrees * std::numbers::pi / 180, scale = options.pixel_scale / 3600;
  const double c = std::cos(angle) * scale, s = std::sin(angle) * scale;
  g.cd = {c * layout.east_x - s * layout.north_x, c * layout.east_y - s * layout.north_y,
          s * layout.east_x + c * layout.north_x, s * layout.east_y + c * layout.north_y};
  if (options.tpv) {
    g.distorted = true;
    for (int i = 0; i < 4; ++i) {
      g.pv1[7 + i] = kPv1[i];
      g.pv2[7 + i] = kPv2[i];
    }
    g.pv1[4] = kPvQuadratic[0];
    g.pv2[4] = kPvQuadratic[1];
  }
  g.reference_sky = target;
  // Where north turns as the telescope moves, near a pole, whole steps go round in circles.
  constexpr int kWholeSteps = 20, kSteps = 400;
  constexpr double kShort = 0.3, kNear = 1e-7, kNearEnough = 1;  // of a step; pixels
  double away = 0;
  for (int i = 0; i < kSteps; ++i) {
    const PixelPoint now = g.to_pixel(target.ra, target.dec).value();
    const double dx = now.x - at.x, dy = now.y - at.y, step = i < kWholeSteps ? 1 : kShort;
    away = std::abs(dx) + std::abs(dy);
    if (away < kNear) break;
    g.reference_sky = offset_point(g.reference_sky, step * (g.cd[0] * dx + g.cd[1] * dy),
                                   step * (g.cd[2] * dx + g.cd[3] * dy));
  }
  if (away > kNearEnough)
    throw input_error("so near a pole the telescope cannot be pointed at RA {}, Dec {} with north up",
                      target.ra, target.dec);
  return g;
}

// The common box of an outline and the region, in region pixels.
bool sees_region(const ImageGeometry& focal, const Chip& chip, const Layout& layout, const Region& region) {
  double x0 = 1e9, x1 = -1e9, y0 = 1e9, y1 = -1e9;
  for (double sx : {-0.5, 0.5})
    for (double sy : {-0.5, 0.5}) {
      const SkyPoint sky =
          focal.to_sky(chip.centre_x + sx * layout.chip_width, chip.centre_y + sy * layout.chip_height);
      const auto p = region.geometry.to_pixel(sky.ra, sky.dec);
      if (!p) return false;
      x0 = std::min(x0, p->x), x1 = std::max(x1, p->x);
      y0 = std::min(y0, p->y), y1 = std::max(y1, p->y);
    }
  const double size = region.size;
  return std::min(x1, size) - std::max(x0, 0.0) > kSmallestOverlap &&
         std::min(y1, size) - std::max(y0, 0.0) > kSmallestOverlap;
}

std::string date_time(double mjd) {
  using namespace std::chrono;
  const auto day = static_cast<int>(std::floor(mjd));
  const year_month_day date{sys_days{days{day - 40587}}};  // MJD of 1970-01-01
  const int seconds = static_cast<int>((mjd - day) * 86400);
  return fmt::format("{:02d}{:02d}{:02d}_{:02d}{:02d}{:02d}", static_cast<int>(date.year()) % 100,
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), seconds / 3600,
                     seconds / 60 % 60, seconds % 60);
}

double value_or(const std::map<std::string, double>& values, const std::string& band, double otherwise) {
  const auto it = values.find(band);
  return it == values.end() ? otherwise : it->second;
}

// sqrt(sum psf^2) of a round PSF: 1/sqrt(number of pixels a point source is measured over).
double point_norm(double fwhm_pixels, const SimulationOptions& options) {
  const Image<double> stamp = Moffat({fwhm_pixels}, options.moffat_beta).stamp(options.psf_size);
  double sum = 0, squares = 0;
  for (int y = 0; y < stamp.height(); ++y)
    for (int x = 0; x < stamp.width(); ++x) {
      sum += stamp(x, y);
      squares += stamp(x, y) * stamp(x, y);
    }
  return std::sqrt(squares) / sum;
}

CcdPlan plan_ccd(const SimulationOptions& options, const Layout& layout, const Exposure& exposure,
                 const ImageGeometry& focal, const Chip& chip, const Box& extent, int index) {
  Random random(options.seed, Stream::kCcd,
                {static_cast<std::uint64_t>(exposure.index), static_cast<std::uint64_t>(index)});
  CcdPlan ccd;
  ccd.name = chip.name;
  ccd.number = chip.number;
  ccd.index = index;
  ccd.extent = extent;
  if (const auto offset = options.chip_offset.find(chip.name); offset != options.chip_offset.end())
    ccd.flux_factor = std::pow(10, 0.4 * offset->second);
  ccd.focal_x = chip.centre_x - (layout.chip_width - 1) / 2.0 + extent.x0;
  ccd.focal_y = chip.centre_y - (layout.chip_height - 1) / 2.0 + extent.y0;
  ccd.geometry = focal;
  ccd.geometry.reference_pixel = {-ccd.focal_x, -ccd.focal_y};
  ccd.offset_ra = random.normal(0, options.astrometric_offset);
  ccd.offset_dec = random.normal(0, options.astrometric_offset);
  const SkyPoint& truth = ccd.geometry.reference_sky;
  ccd.header_reference.dec = truth.dec - ccd.offset_dec / 3600;
  ccd.header_reference.ra =
      truth.ra - ccd.offset_ra / 3600 / std::cos(ccd.header_reference.dec * std::numbers::pi / 180);

  PsfField::Options& psf = ccd.psf;
  psf.fwhm = exposure.fwhm;
  psf.beta = options.moffat_beta;
  psf.stamp_size = options.psf_size;
  psf.width = layout.chip_width;
  psf.height = layout.chip_height;
  psf.e1 = random.normal(0, 0.02 * options.night_scatter);
  psf.e2 = random.normal(0, 0.02 * options.night_scatter);
  const double v = options.psf_variation;
  psf.fwhm_terms = {random.normal(0, v / 2), random.normal(0, v / 2), random.normal(0, v / 4),
                    random.normal(0, v / 4), random.normal(0, v / 4)};
  psf.e1_terms = {random.normal(0, v / 4), random.normal(0, v / 4)};
  psf.e2_terms = {random.normal(0, v / 4), random.normal(0, v / 4)};

  ccd.sky.level =
      options.gain * (exposure.noise * exposure.noise - exposure.read_noise * exposure.read_noise);
  ccd.sky.width = layout.chip_width;
  ccd.sky.height = layout.chip_height;
  const double g = options.sky_gradient / 2;
  ccd.sky.terms = {random.normal(0, g / 2), random.normal(0, g / 2), random.normal(0, g / 4),
                   random.normal(0, g / 4), random.normal(0, g / 4)};
  return ccd;
}

void choose_ccds(const SimulationOptions& options, const Layout& layout, const Region& region, Random& random,
                 Exposure& exposure) {
  const double rotation = random.normal(0, 0.15);
  const auto lay_trail = [&](const PixelPoint& centre) {
    if (options.trail && exposure.index == 0)
      exposure.trail = PixelPoint{centre.x + 0.15 * region.size, centre.y};
  };
  const int needed = static_cast<int>(std::ceil(region.size * Region::kPixelScale / options.pixel_scale)) +
                     2 * options.overlap;
  if (needed <= std::min(layout.chip_width, layout.chip_height)) {
    // A cut-out of one chip around the region.
    const auto chip = std::find_if(layout.chips.begin(), layout.chips.end(),
                                   [&](const Chip& c) { return c.name == layout.cutout_chip; });
    const int room_x = layout.chip_width - needed, room_y = layout.chip_height - needed;
    const int x0 = random.integer(0, room_x + 1), y0 = random.integer(0, room_y + 1);
    const PixelPoint at{
        chip->centre_x - (layout.chip_width - 1) / 2.0 + x0 + (needed - 1) / 2.0 + random.uniform(-8, 8),
        chip->centre_y - (layout.chip_height - 1) / 2.0 + y0 + (needed - 1) / 2.0 + random.uniform(-8, 8)};
    const ImageGeometry focal = point_telescope(options, layout, rotation, region.centre, at);
    lay_trail(at);
    exposure.boresight = focal.reference_sky;
    exposure.ccds.push_back(
        plan_ccd(options, layout, exposure, focal, *chip, {x0, x0 + needed, y0, y0 + needed}, 0));
    return;
  }
  // Whole chips. The exposures of a band are spread across the gaps between the rows of chips.
  const int in_band = exposure.index % options.exposures;
  const double spread = options.exposures > 1 ? std::min(250.0, 500.0 / (options.exposures - 1)) : 0;
  const PixelPoint at{(in_band - (options.exposures - 1) / 2.0) * spread + random.uniform(-20, 20),
                      random.uniform(-120, 120)};
  const ImageGeometry focal = point_telescope(options, layout, rotation, region.centre, at);
  lay_trail(at);
  exposure.boresight = focal.reference_sky;
  for (const Chip& chip : layout.chips)
    if (sees_region(focal, chip, layout, region))
      exposure.ccds.push_back(plan_ccd(options, layout, exposure, focal, chip,
                                       Box::from_size(layout.chip_width, layout.chip_height),
                                       static_cast<int>(exposure.ccds.size())));
}

}  // namespace

Region make_region(const SimulationOptions& options) {
  Region region;
  const SkyPoint wanted = options.custom_centre.value_or(options.brick_position);
  region.custom = options.custom_centre.has_value();
  region.brick = brick_at(wanted.ra, wanted.dec);
  region.centre = region.custom ? wanted : SkyPoint{region.brick.ra, region.brick.dec};
  region.size = options.size;
  region.geometry.reference_sky = region.centre;
  // A brick's tangent point lies in the middle of its 3600 pixels; the region is the part from zoom_low() on.
  const double middle =
      region.custom ? (region.size - 1) / 2.0 : (Region::kBrickPixels - 1) / 2.0 - region.zoom_low();
  region.geometry.reference_pixel = {middle, middle};
  const double p = Region::kPixelScale / 3600;
  region.geometry.cd = {-p, 0, 0, p};
  return region;
}

std::string Exposure::path(char kind) const { return fmt::format(fmt::runtime(stem), kind); }

std::vector<Exposure> plan_exposures(const SimulationOptions& options, const Layout& layout,
                                     const Region& region, const std::vector<SurveyBand>& bands) {
  std::vector<Exposure> exposures;
  for (std::size_t b = 0; b < bands.size(); ++b)
    for (int e = 0; e < options.exposures; ++e) {
      const Band& like = *bands[b].like;
      const std::string& band = bands[b].name;
      Exposure x;
      x.band = static_cast<int>(b);
      x.index = static_cast<int>(exposures.size());
      Random random(options.seed, Stream::kExposure, {static_cast<std::uint64_t>(x.index)});
      x.number = 900001 + static_cast<std::int64_t>(options.seed % 1000) * 1000 + x.index;
      x.mjd = 58000 + 40.0 * b + 7.0 * e + 0.1 + 0.01 * static_cast<double>(options.seed % 50) + 0.002 * e;
      x.exposure_time = options.exposure_time;
      const double scatter = options.night_scatter;
      x.zero_point = like.zero_point + random.normal(0, 0.03 * scatter);
      x.counts_per_nanomaggy = x.exposure_time * std::pow(10, 0.4 * (x.zero_point - 22.5));
      const double seeing = value_or(options.seeing, band, like.seeing);
      x.fwhm = seeing * std::exp(random.normal(0, 0.12 * scatter)) / options.pixel_scale;
      double sig1 = value_or(options.sig1, band, like.sig1 * std::sqrt(100 / options.exposure_time));
      if (const auto depth = options.depth.find(band); depth != options.depth.end())
        sig1 = std::pow(10, 0.4 * (22.5 - depth->second)) / 5 *
               point_norm(seeing / options.pixel_scale, options) * std::sqrt(options.exposures);
      x.noise = sig1 * std::exp(random.normal(0, 0.1 * scatter)) * x.counts_per_nanomaggy;
      // Where the wanted noise is below the detector's own, the detector is taken to be quieter.
      x.read_noise = std::min(options.read_noise / options.gain, 0.5 * x.noise);
      x.airmass = random.uniform(1.05, 1.6);
      const std::string camera = options.camera_name.empty() ? layout.camera : options.camera_name;
      x.stem = fmt::format("{}/{}/{}_{}_oo{{}}_{}_{}", camera, layout.directory,
                           options.camera_name.empty() ? layout.file_prefix : camera, date_time(x.mjd), band,
                           layout.file_suffix);
      choose_ccds(options, layout, region, random, x);
      exposures.push_back(std::move(x));
    }
  return exposures;
}

}  // namespace brickline::simulate
