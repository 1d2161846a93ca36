#include "core/fit/uncertainties.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "core/base/error.h"
#include "core/model/aligned.h"
#include "core/model/shape.h"
#include "core/model/simd.h"
#include "core/model/sky_motion.h"
#include "core/model/window_renderer.h"

namespace brickline {
namespace {

// The reference pipeline's steps.
constexpr double kPositionStep = 1e-4;  // degrees
constexpr double kShapeStep = 0.01;     // of re in arcsec, e1 and e2
constexpr double kIndexStep = 0.001;

// The parameters in the catalog's form; which exist depends on the kind.
enum Parameter { kFlux, kRa, kDec, kRe, kE1, kE2, kIndex, kCount };

// Working memory of one call.
struct Scratch {
  explicit Scratch(const RenderOptions& options) : window(options), pictures(options) {}
  WindowRenderer window;
  Renderer pictures;
  AlignedFloats weights, base, other;
};

// One source on one image.
class ImageTerms {
 public:
  ImageTerms(const SourceModel& model, const FitImage& image, const UncertaintyOptions& options,
             Scratch& scratch)
      : model_(model), image_(image), options_(options), scratch_(scratch) {
    const SkyPosition where = position_at(model, image.mjd_tai);
    at_ = image.local.to_pixel(where.ra, where.dec);
    const RenderTarget target{image.data.width(), image.data.height(), image.cd, image.psf};
    const std::optional<Box> extent = model_extent(model, at_, target);
    if (!extent) return;
    masked_ = !image.mask.empty();
    box_ = intersection(masked_ ? image.mask : *extent, image.data.box());
    if (!model.is_galaxy() && intersection(*extent, box_).empty()) box_ = {};
    reference_size_ = masked_ ? masked_reference_size(image.mask, at_, target)
                              : unmasked_reference_size(model, at_, target);
  }

  // sum (du/dp inverse_error)^2 of the unit-flux model for every parameter; the flux's own entry is sum (u
  // ie)^2.
  std::array<double, kCount> sums() {
    if (box_.empty()) return {};
    return options_.derivatives == DerivativeKind::kExact ? exact() : reference();
  }

 private:
  std::size_t plane_size() const {
    return static_cast<std::size_t>(window_pitch(box_.height())) * box_.width();
  }

  WindowJob job(const SourceModel& model) const {
    WindowJob j;
    j.psf = image_.psf;
    j.window = box_;
    j.x = at_.x;
    j.y = at_.y;
    j.point = !model.is_galaxy();
    j.reference_size = reference_size_;
    if (!j.point) {
      j.mixture = profile_mixture(model.kind, model.sersic_index, options_.render.profiles);
      const SoftenedEllipse round{model.shape.log_re, 0, 0};
      j.shape = shape_derivatives(model.kind == SourceKind::kRex ? round : model.shape,
                                  pixels_per_arcsec(image_.cd));
    }
    return j;
  }

  double weight(int x, int y) const {
    const double ie = image_.inverse_error(box_.x0 + x, box_.y0 + y);
    return ie > 0 && std::isfinite(ie) && std::isfinite(image_.data(box_.x0 + x, box_.y0 + y)) ? ie * ie : 0;
  }

  // Weights as a plane, 0 in its padding.
  void fill_weights() {
    const int pitch = window_pitch(box_.height());
    scratch_.weights.reserve(plane_size());
    std::fill(scratch_.weights.data(), scratch_.weights.data() + plane_size(), 0.0f);
    for (int y = 0; y < box_.height(); ++y)
      for (int x = 0; x < box_.width(); ++x)
        scratch_.weights[static_cast<std::size_t>(x) * pitch + y] = static_cast<float>(weight(x, y));
  }
  double weighted_square(const float* plane) const {
    return active_kernels().triple_product(scratch_.weights.data(), plane, plane,
                                           static_cast<long>(plane_size()));
  }

  // Pixels per degree of RA cos(dec) and Dec from the constant CD matrix.
  std::array<double, 4> pixels_per_degree() const {
    std::array<double, 4> j = pixels_per_arcsec(image_.cd);
    for (double& v : j) v *= 3600;
    return j;
  }

  std::array<double, kCount> reference() {
    std::array<double, kCount> out{};
    const long size = static_cast<long>(plane_size());
    scratch_.base.reserve(plane_size());
    scratch_.other.reserve(plane_size());
    float *const base = scratch_.base.data(), *const other = scratch_.other.data();
    if (!scratch_.window.render(job(model_), &base)) return out;
    fill_weights();
    out[kFlux] = weighted_square(base);
    if (!model_.is_galaxy() && !masked_) {
      point_position_by_steps(out);
    } else {
      const std::array<double, 4> j = pixels_per_degree();
      out[kRa] = central_differences(base, j[0], j[2], other);
      out[kDec] = central_differences(base, j[1], j[3], other);
    }
    if (!model_.is_galaxy()) return out;
    const auto by_step = [&](const SourceModel& stepped, double step) {
      if (!scratch_.window.render(job(stepped), &other)) return 0.0;
      for (long i = 0; i < size; ++i) other[i] -= base[i];
      return weighted_square(other) / (step * step);
    };
    const Ellipse e = to_ellipse(model_.shape);
    const auto with = [&](const Ellipse& ellipse) {
      SourceModel s = model_;
      s.shape = to_softened(ellipse);
      return s;
    };
    if (model_.kind == SourceKind::kRex) {
      out[kRe] = by_step(with({e.re + kShapeStep, 0, 0}), kShapeStep);
      return out;
    }
    out[kRe] = by_step(with({e.re + kShapeStep, e.e1, e.e2}), kShapeStep);
    out[kE1] = by_step(with({e.re, e.e1 + kShapeStep, e.e2}), kShapeStep);
    out[kE2] = by_step(with({e.re, e.e1, e.e2 + kShapeStep}), kShapeStep);
    if (model_.kind == SourceKind::kSer) {
      SourceModel s = model_;
      const double step = s.sersic_index + kIndexStep > options_.max_sersic_index ? -kIndexStep : kIndexStep;
      s.sersic_index += step;
      out[kIndex] = by_step(s, step);
    }
    return out;
  }

  // The weighted square of by_x d/dx + by_y d/dy from differences of the neighbours, 0 on the outermost
  // pixels.
  double central_differences(const float* base, double by_x, double by_y, float* plane) const {
    const int pitch = window_pitch(box_.height()), w = box_.width(), h = box_.height();
    const float fx = static_cast<float>(by_x / 2), fy = static_cast<float>(by_y / 2);
    std::fill(plane, plane + plane_size(), 0.0f);
    for (int x = 1; x < w - 1; ++x) {
      const float* from = base + static_cast<std::ptrdiff_t>(x) * pitch;
      float* to = plane + static_cast<std::ptrdiff_t>(x) * pitch;
      for (int y = 1; y < h - 1; ++y)
        to[y] = fx * (from[y - pitch] - from[y + pitch]) + fy * (from[y - 1] - from[y + 1]);
    }
    return weighted_square(plane);
  }

  // One-sided differences of whole patches, each with the extent of its own position.
  void point_position_by_steps(std::array<double, kCount>& out) {
    const RenderTarget target{image_.data.width(), image_.data.height(), image_.cd, image_.psf};
    const std::array<double, 4>& j = image_.local.pixels_per_degree;
    const std::optional<Patch> here = scratch_.pictures.patch(model_, at_, target);
    if (!here) return;
    for (int k = 0; k < 2; ++k) {
      const PixelPosition moved{at_.x + kPositionStep * j[k], at_.y + kPositionStep * j[2 + k]};
      const std::optional<Patch> there = scratch_.pictures.patch(model_, moved, target);
      if (!there) continue;
      const Box a = here->box(), b = there->box();
      const Box both{std::min(a.x0, b.x0), std::max(a.x1, b.x1), std::min(a.y0, b.y0), std::max(a.y1, b.y1)};
      const Box inside = intersection(both, image_.data.box());
      double sum = 0;
      for (int y = inside.y0; y < inside.y1; ++y)
        for (int x = inside.x0; x < inside.x1; ++x) {
          const double from = a.contains(x, y) ? here->pixels(x - a.x0, y - a.y0) : 0;
          const double to = b.contains(x, y) ? there->pixels(x - b.x0, y - b.y0) : 0;
          const double d = (to - from) / kPositionStep;
          sum += weight(x - box_.x0, y - box_.y0) * d * d;
        }
      out[k == 0 ? kRa : kDec] = sum;
    }
  }

  std::array<double, kCount> exact() {
    WindowJob j = job(model_);
    const bool galaxy = model_.is_galaxy();
    j.outputs = {true,
                 !galaxy                           ? 0
                 : model_.kind == SourceKind::kRex ? 1
                                                   : 3,
                 model_.kind == SourceKind::kSer};
    const int count = 3 + j.outputs.shapes + (j.outputs.index ? 1 : 0);
    scratch_.other.reserve(plane_size() * count);
    float* planes[kernels::kMaxPlanes] = {};
    for (int i = 0; i < count; ++i) planes[i] = scratch_.other.data() + i * plane_size();
    if (!scratch_.window.render(j, planes)) return {};
    fill_weights();
    kernels::GramJob gram;
    gram.data = planes[0];  // only products of planes matter
    gram.weight = scratch_.weights.data();
    gram.count = static_cast<long>(plane_size());
    gram.planes = count;
    for (int i = 0; i < count; ++i) gram.plane[i] = planes[i];
    active_kernels().gram(gram);
    const auto product = [&](int a, int b) {
      return a >= b ? gram.gram[a + 1][b + 1] : gram.gram[b + 1][a + 1];
    };
    const auto form = [&](const std::array<double, kernels::kMaxPlanes>& v) {
      double sum = 0;
      for (int a = 0; a < count; ++a)
        for (int b = 0; b < count; ++b) sum += v[a] * v[b] * product(a, b);
      return sum;
    };
    std::array<double, kCount> out{};
    const std::array<double, 4>& p = image_.local.pixels_per_degree;
    out[kFlux] = form({1});
    out[kRa] = form({0, p[0], p[2]});
    out[kDec] = form({0, p[1], p[3]});
    if (!galaxy) return out;
    const Ellipse e = to_ellipse(model_.shape);
    out[kRe] = form({0, 0, 0, 1 / e.re});
    if (j.outputs.shapes == 3) {
      // d(lg, ee1, ee2)/d(e1, e2) at fixed re; at the round shape the right-hand derivative.
      const double length = std::hypot(e.e1, e.e2), eta = -std::log1p(-length);
      const HalfLogAxisRatio h = half_log_axis_ratio(model_.shape.ee1, model_.shape.ee2);
      const double unit[2] = {length > 0 ? e.e1 / length : 0, length > 0 ? e.e2 / length : 0};
      const double ratio = length > 0 ? eta / length : 1;
      for (int k = 0; k < 2; ++k) {
        double d[2];
        for (int i = 0; i < 2; ++i)
          d[i] = (i == k ? ratio : 0) + (1 / (1 - length) - ratio) * unit[i] * unit[k];
        const double by_lg = length > 0 ? h.by_ee1 * d[0] + h.by_ee2 * d[1] : -1;
        out[k == 0 ? kE1 : kE2] = form({0, 0, 0, by_lg, d[0], d[1]});
      }
    }
    if (j.outputs.index) out[kIndex] = form({0, 0, 0, 0, 0, 0, 1});
    return out;
  }

  const SourceModel& model_;
  const FitImage& image_;
  const UncertaintyOptions& options_;
  Scratch& scratch_;
  PixelPosition at_;
  Box box_;
  bool masked_ = false;
  int reference_size_ = 0;
};

}  // namespace

InverseVariances inverse_variances(const SourceModel& model, std::span<const FitImage> images,
                                   const UncertaintyOptions& options) {
  if (model.is_composite())
    throw internal_error("errors of a composite galaxy are asked for as of one profile");
  InverseVariances out;
  out.flux.assign(model.flux.size(), 0);
  RenderOptions render = options.render;
  if (options.derivatives == DerivativeKind::kExact) render.shift = PsfShift::kFourier;
  Scratch scratch(render);
  for (const FitImage& image : images) {
    if (image.band < 0 || image.band >= static_cast<int>(model.flux.size()) || !image.psf ||
        image.data.empty() || image.data.width() != image.inverse_error.width() ||
        image.data.height() != image.inverse_error.height())
      continue;
    std::array<double, kCount> sums = ImageTerms(model, image, options, scratch).sums();
    for (double& s : sums)
      if (!std::isfinite(s)) s = 0;
    const double flux2 = model.flux[image.band] * model.flux[image.band];
    out.flux[image.band] += sums[kFlux];
    if (!std::isfinite(flux2)) continue;
    out.ra += flux2 * sums[kRa];
    out.dec += flux2 * sums[kDec];
    out.re += flux2 * sums[kRe];
    out.e1 += flux2 * sums[kE1];
    out.e2 += flux2 * sums[kE2];
    out.sersic_index += flux2 * sums[kIndex];
  }
  return out;
}

}  // namespace brickline
