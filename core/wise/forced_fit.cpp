#include "core/wise/forced_fit.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "core/model/lanczos.h"
#include "core/model/renderer.h"
#include "core/model/transform_plan.h"
#include "core/wise/tile_flux_errors.h"

namespace brickline {
namespace {

// Positions farther away are of no tile.
constexpr double kFar = 1e6;  // pixels

// The half width of a galaxy's box.
int galaxy_half_width(const SourceModel& source, double pixel_scale_arcsec, int radius, double galaxy_radii) {
  const double log_re = std::max(source.shape.log_re, source.bulge ? source.bulge->shape.log_re : -INFINITY);
  const double re = std::exp(log_re) / pixel_scale_arcsec;
  return static_cast<int>(std::min(std::hypot(radius, galaxy_radii * re), kFar));
}

// Along one axis: what of [p - half, p + half + 1], rounded outward, lies within the transform's pixels.
struct Extent {
  int begin, end;
};
Extent galaxy_extent(double p, int half, int size) {
  const int nearest = static_cast<int>(std::nearbyint(p));
  return {std::max(static_cast<int>(std::floor(p - half)), nearest - size / 2),
          std::min(static_cast<int>(std::ceil(p + half + 1)) + 1, nearest + size / 2)};
}

// A galaxy on `box`, as a transform of `size` pixels about the pixel nearest to it makes it: what leaves the
// square on one side comes back on the other; and then moved to its place as a picture with nothing outside.
std::optional<Patch> galaxy_patch(Renderer& renderer, const SourceModel& source, PixelPosition at, int size,
                                  const Box& box, const RenderTarget& target) {
  const double ix = std::nearbyint(at.x), iy = std::nearbyint(at.y);
  const int x0 = static_cast<int>(ix) - size / 2, y0 = static_cast<int>(iy) - size / 2, over = size / 2;
  const std::optional<Patch> wide =
      renderer.patch_on({x0 - over, x0 + size + over, y0 - over, y0 + size + over}, source, {ix, iy}, target);
  if (!wide) return std::nullopt;
  Image<float> square(size, size), moved(size, size);
  for (int y = 0; y < wide->pixels.height(); ++y)
    for (int x = 0; x < wide->pixels.width(); ++x)
      square((x + size - over) % size, (y + size - over) % size) += wide->pixels(x, y);
  const LanczosTaps tx = lanczos_taps(at.x - ix), ty = lanczos_taps(at.y - iy);
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) {
      double sum = 0;
      for (int k = std::max(-3, -x); k <= std::min(3, size - 1 - x); ++k)
        sum += tx.taps[k + 3] * square(x + k, y);
      moved(x, y) = static_cast<float>(sum);
    }
  Patch out{Image<float>(box.width(), box.height()), box.x0, box.y0};
  for (int y = box.y0; y < box.y1; ++y)
    for (int x = box.x0; x < box.x1; ++x) {
      double sum = 0;
      for (int k = std::max(-3, y0 - y); k <= std::min(3, y0 + size - 1 - y); ++k)
        sum += ty.taps[k + 3] * moved(x - x0, y - y0 + k);
      out.pixels(x - box.x0, y - box.y0) = static_cast<float>(sum);
    }
  return out;
}

}  // namespace

struct TilePsf::Cache {
  std::mutex mutex;
  std::map<std::pair<int, int>, std::unique_ptr<PsfKernel>> by_extent;
};

TilePsf::TilePsf(Image<float> stamp) : stamp_(std::move(stamp)), cache_(std::make_shared<Cache>()) {
  double sum = 0;
  for (int y = 0; y < stamp_.height(); ++y)
    for (int x = 0; x < stamp_.width(); ++x) sum += static_cast<double>(stamp_(x, y)) * stamp_(x, y);
  norm_ = std::sqrt(sum);
}

const PsfKernel& TilePsf::part(int before, int after) const {
  const int cx = stamp_.width() / 2, cy = stamp_.height() / 2, half = std::min(cx, cy);
  before = std::min(before, half);
  after = std::min(after, half);
  const std::lock_guard<std::mutex> lock(cache_->mutex);
  std::unique_ptr<PsfKernel>& slot = cache_->by_extent[{before, after}];
  if (!slot)
    slot = std::make_unique<PsfKernel>(
        crop(stamp_, {cx - before, cx + after + 1, cy - before, cy + after + 1}), 0.0);
  return *slot;
}

const PsfKernel& TilePsf::cropped(int radius) const { return part(radius, radius); }
const PsfKernel& TilePsf::square(int size) const { return part(size / 2, size / 2 - 1); }

std::optional<Patch> tile_model(Renderer& renderer, const FitTile& tile, const SourceModel& source,
                                double central_flux, const FootprintRule& rule) {
  RenderTarget target{tile.data.width(), tile.data.height(), tile.wcs.cd(), nullptr, 0};
  const Box image = Box::from_size(target.width, target.height);
  const auto at = tile.wcs.sky_to_pixel(source.ra, source.dec);
  if (!at || !(std::abs(at->x) < kFar && std::abs(at->y) < kFar)) return std::nullopt;
  const int radius = rule.radius(central_flux);
  if (source.is_galaxy()) {
    const int half = galaxy_half_width(source, tile.pixel_scale_arcsec, radius, rule.galaxy_radii);
    const int size = power_of_two_size(2.0 * half);
    if (size == 0) return std::nullopt;
    const Extent x = galaxy_extent(at->x, half, size), y = galaxy_extent(at->y, half, size);
    const Box box = intersection({x.begin, x.end, y.begin, y.end}, image);
    if (box.empty()) return std::nullopt;
    target.psf = &tile.psf->square(size);
    return rule.profiles == GalaxyProfiles::kReference
               ? galaxy_patch(renderer, source, *at, size, box, target)
               : renderer.patch_on(box, source, *at, target);
  }
  target.psf = &tile.psf->cropped(radius);
  const std::optional<Box> stamp = model_extent(source, *at, target);
  if (!stamp) return std::nullopt;
  const Box box = intersection(*stamp, image);
  if (box.empty()) return std::nullopt;
  return renderer.patch_on(box, source, *at, target);
}

std::vector<UnitModel> tile_models(const FitTile& tile, std::span<const SourceModel> sources,
                                   std::span<const double> central_flux, const FootprintRule& rule) {
  Renderer renderer({.profiles = rule.profiles});
  std::vector<UnitModel> models;
  for (std::size_t i = 0; i < sources.size(); ++i)
    if (std::optional<Patch> patch = tile_model(renderer, tile, sources[i], central_flux[i], rule))
      models.push_back({static_cast<int>(i), std::move(*patch)});
  return models;
}

TileFluxes fit_tile_fluxes(std::span<const FitTile> tiles, std::span<const SourceModel> sources,
                           std::span<const double> central_flux, const FootprintRule& rule,
                           const FluxErrorRule& errors) {
  std::vector<std::vector<UnitModel>> models;
  for (const FitTile& tile : tiles) models.push_back(tile_models(tile, sources, central_flux, rule));
  std::vector<FluxImage> images;
  for (std::size_t i = 0; i < tiles.size(); ++i)
    images.push_back({tiles[i].data, tiles[i].inverse_error, models[i]});
  const std::vector<double> start(sources.size(), 0.0);
  TileFluxes out;
  out.fit = solve_fluxes(images, start, {.marginal = errors.marginal});
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    Image<float>& sum = out.models.emplace_back(tiles[i].data.width(), tiles[i].data.height());
    for (const UnitModel& m : models[i])
      add_patch(sum.view(), m.patch, static_cast<float>(out.fit.flux[static_cast<std::size_t>(m.source)]));
  }
  out.flux_ivar = errors.marginal ? marginal_flux_ivar(tiles, sources, central_flux, rule, errors.covariances,
                                                       models, out)
                                  : out.fit.inverse_variance;
  return out;
}

}  // namespace brickline
