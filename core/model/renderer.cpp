#include "core/model/renderer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/error.h"
#include "core/model/aligned.h"
#include "core/model/window_renderer.h"

namespace brickline {
namespace {

// Radii of a galaxy's nominal extent, in r_e.
double nominal_radii(SourceKind kind) { return kind == SourceKind::kRex || kind == SourceKind::kExp ? 4 : 8; }
constexpr double kRadiiOfDisk = 4, kRadiiOfBulge = 8;  // of a composite galaxy's components

double nominal_half_arcsec(const SourceModel& s) {
  if (!s.is_composite()) return nominal_radii(s.kind) * std::exp(s.shape.log_re);
  return std::max(kRadiiOfDisk * std::exp(s.shape.log_re), kRadiiOfBulge * std::exp(s.bulge->shape.log_re));
}

bool finite(const SoftenedEllipse& e) {
  return std::isfinite(e.log_re) && std::isfinite(e.ee1) && std::isfinite(e.ee2);
}

double pixel_scale_arcsec(const CdMatrix& cd) {
  return 3600 * std::sqrt(std::abs(cd[0] * cd[3] - cd[1] * cd[2]));
}

SoftenedEllipse ellipse_of(const SourceModel& s) {
  return s.kind == SourceKind::kRex ? SoftenedEllipse{s.shape.log_re, 0, 0} : s.shape;
}

bool usable(const SourceModel& s, PixelPosition at, const RenderTarget& target) {
  if (!target.psf || target.psf->stamp().empty() || !std::isfinite(at.x) || !std::isfinite(at.y))
    return false;
  if (!s.is_galaxy()) return true;
  const double scale = pixel_scale_arcsec(target.cd);
  return finite(s.shape) && (!s.is_composite() || (s.bulge && finite(s.bulge->shape))) &&
         (s.kind != SourceKind::kSer || std::isfinite(s.sersic_index)) && scale > 0 && std::isfinite(scale);
}

// Half the width of the box of an unmasked source, pixels.
double half_extent(const SourceModel& source, PixelPosition at, const RenderTarget& target) {
  double half = 0;
  if (source.is_galaxy()) {
    const double to_edge = std::max({std::abs(at.x), std::abs(target.width - 1 - at.x), std::abs(at.y),
                                     std::abs(target.height - 1 - at.y)});
    half = nominal_half_arcsec(source) / pixel_scale_arcsec(target.cd);
    half = std::min(std::max(1.0, half), to_edge + 1);
  }
  return std::ceil(std::max(half, target.psf->radius_pixels()));
}

int size_or_largest(double n) {
  const int size = power_of_two_size(n);
  return size > 0 ? size : kMaxTransformSize;
}

constexpr double kFarAway = 1e6;  // pixels
// Pictures are summed up, and thousands of copies' pixels add up.
constexpr double kCopySigmas = 5.5;

}  // namespace

int unmasked_reference_size(const SourceModel& source, PixelPosition at, const RenderTarget& target) {
  return size_or_largest(2 * half_extent(source, at, target));
}

int masked_reference_size(const Box& mask, PixelPosition at, const RenderTarget& target) {
  const double stamp = std::max(target.psf->width(), target.psf->height()) / 2.0;
  return size_or_largest(2 * std::ceil(std::max({mask.width() / 2.0, mask.height() / 2.0, stamp,
                                                 farthest_limit(mask, at.x, at.y) + 1})));
}

void add_patch(ImageView<float> image, const Patch& patch, float factor) {
  const Box common = intersection(patch.box(), image.box());
  for (int y = common.y0; y < common.y1; ++y) {
    float* to = image.row(y);
    const float* from = patch.pixels.row(y - patch.y0) - patch.x0;
    for (int x = common.x0; x < common.x1; ++x) to[x] += factor * from[x];
  }
}

std::optional<Box> model_extent(const SourceModel& source, PixelPosition at, const RenderTarget& target) {
  if (!usable(source, at, target) || std::abs(at.x) > kFarAway || std::abs(at.y) > kFarAway)
    return std::nullopt;
  const double psf_radius = target.psf->radius_pixels();
  const int w = target.width, h = target.height;
  if (!source.is_galaxy()) {
    if (at.x + psf_radius < 0 || at.x - psf_radius > w || at.y + psf_radius < 0 || at.y - psf_radius > h)
      return std::nullopt;
    const int x0 = static_cast<int>(std::nearbyint(at.x)) - target.psf->width() / 2;
    const int y0 = static_cast<int>(std::nearbyint(at.y)) - target.psf->height() / 2;
    return Box{x0, x0 + target.psf->width(), y0, y0 + target.psf->height()};
  }
  const double half = half_extent(source, at, target);
  const auto from = [&](double p) { return std::max(0, static_cast<int>(std::floor(p - half))); };
  const auto to = [&](double p, int size) {
    return std::min(size, static_cast<int>(std::ceil(p + half + 1)) + 1);
  };
  const Box box{from(at.x), to(at.x, w), from(at.y), to(at.y, h)};
  if (box.empty()) return std::nullopt;
  return box;
}

struct Renderer::State {
  explicit State(const RenderOptions& options) : window(options) {}

  std::optional<Patch> draw(const Box& box, int reference_size, const SourceModel& source, PixelPosition at,
                            const RenderTarget& target) {
    if (source.is_composite()) return draw_composite(box, reference_size, source, at, target);
    WindowJob job;
    job.psf = target.psf;
    job.window = box;
    job.x = at.x;
    job.y = at.y;
    job.point = !source.is_galaxy();
    job.reference_size = reference_size;
    job.copy_sigmas = kCopySigmas;
    if (!job.point) {
      job.mixture = profile_mixture(source.kind, source.sersic_index, window.options().profiles);
      job.shape = shape_derivatives(ellipse_of(source), pixels_per_arcsec(target.cd));
    }
    const int pitch = window_pitch(box.height());
    plane.reserve(static_cast<std::size_t>(pitch) * box.width());
    float* const planes[1] = {plane.data()};
    if (!window.render(job, planes)) return std::nullopt;
    Patch patch{Image<float>(box.width(), box.height()), box.x0, box.y0};
    float check = 0;
    for (int x = 0; x < box.width(); ++x) {
      const float* from = plane.data() + static_cast<std::ptrdiff_t>(x) * pitch;
      for (int y = 0; y < box.height(); ++y) {
        patch.pixels(x, y) = from[y];
        check += from[y] * 0;
      }
    }
    if (check != 0) return std::nullopt;  // NaN: some pixel was not finite
    return patch;
  }

  // Both components on the same pixels.
  std::optional<Patch> draw_composite(const Box& box, int reference_size, const SourceModel& source,
                                      PixelPosition at, const RenderTarget& target) {
    const std::vector<double>& fractions = source.bulge->fraction;
    if (target.band < 0 || target.band >= static_cast<int>(fractions.size()))
      throw internal_error("a composite galaxy is to be drawn, and not said in which band");
    const double fraction = fractions[static_cast<std::size_t>(target.band)];
    std::optional<Patch> out;
    for (const bool of_bulge : {false, true}) {
      const double share = of_bulge ? fraction : 1 - fraction;
      if (share == 0) continue;
      const std::optional<Patch> part =
          draw(box, reference_size, of_bulge ? bulge_of(source) : disk_of(source), at, target);
      if (!part) return std::nullopt;
      if (!out) out = Patch{Image<float>(box.width(), box.height()), box.x0, box.y0};
      add_patch(out->pixels.view(), {part->pixels, 0, 0}, static_cast<float>(share));
    }
    return out;
  }

  WindowRenderer window;
  AlignedFloats plane;
};

Renderer::Renderer(const RenderOptions& options) : state_(std::make_unique<State>(options)) {}
Renderer::~Renderer() = default;
Renderer::Renderer(Renderer&&) noexcept = default;
Renderer& Renderer::operator=(Renderer&&) noexcept = default;

std::optional<Patch> Renderer::patch(const SourceModel& source, PixelPosition at,
                                     const RenderTarget& target) {
  const std::optional<Box> box = model_extent(source, at, target);
  if (!box) return std::nullopt;
  return state_->draw(*box, unmasked_reference_size(source, at, target), source, at, target);
}

std::optional<Patch> Renderer::patch_on(const Box& mask, const SourceModel& source, PixelPosition at,
                                        const RenderTarget& target) {
  if (mask.empty() || !usable(source, at, target)) return std::nullopt;
  if (!source.is_galaxy()) {
    const std::optional<Box> stamp_box = model_extent(source, at, target);
    if (!stamp_box || intersection(*stamp_box, mask).empty()) return std::nullopt;
  }
  return state_->draw(mask, masked_reference_size(mask, at, target), source, at, target);
}

}  // namespace brickline
