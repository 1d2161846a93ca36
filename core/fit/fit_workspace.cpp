#include "core/fit/fit_workspace.h"

#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

#include <cmath>
#include <numbers>

#include "core/base/error.h"
#include "core/base/first_failure.h"
#include "core/model/shape.h"
#include "core/model/simd.h"

namespace brickline {
namespace {

// Pixels around a mask that the reference pipeline's transform size leaves for the source to move in.
constexpr double kReferenceMargin = 6;

}  // namespace

bool SourceFitter::Workspace::prepare(const SourceModel& start, std::span<const FitImage> images,
                                      bool move_position, bool move_shape) {
  model = start;
  derivative_evaluations = value_evaluations = 0;
  const int band_count = static_cast<int>(start.flux.size());
  flux.assign(start.flux.begin(), start.flux.end());
  for (double& f : flux)
    if (!std::isfinite(f)) f = 0;
  best_flux = flux;
  band_chi2.assign(band_count, 0);
  sky.assign(images.size(), 0);
  this->images.assign(images.size(), {});
  bands.assign(band_count, {});
  band_measured.assign(band_count, 0);
  windows.gather(images, band_count);

  const bool galaxy = start.is_galaxy();
  if (!std::isfinite(start.ra) || !std::isfinite(start.dec) || std::abs(start.dec) > 90) return false;
  if (galaxy && !(std::isfinite(start.shape.log_re) && std::isfinite(start.shape.ee1) &&
                  std::isfinite(start.shape.ee2)))
    return false;
  if (start.kind == SourceKind::kSer && !std::isfinite(start.sersic_index)) return false;
  if (start.is_composite()) throw internal_error("a composite galaxy is to be fitted as one profile");

  layout = {};
  if (move_position && !start.motion) {
    layout.position = layout.size;
    layout.size += 2;
  }
  if (galaxy && move_shape) {
    layout.shape = layout.size;
    layout.shapes = start.kind == SourceKind::kRex ? 1 : 3;
    layout.size += layout.shapes;
    if (start.kind == SourceKind::kSer) layout.index = layout.size++;
  }
  if (start.kind != SourceKind::kSer) fixed_mixture = profile_mixture(start.kind, 0, options.render.profiles);
  constexpr double degree = std::numbers::pi / 180, least_cosine = 1e-9;
  cos_dec = std::max(least_cosine, std::cos(start.dec * degree));
  min_log_re = options.min_log_re;
  max_log_re = start.max_log_re != 0            ? start.max_log_re
               : start.kind == SourceKind::kRex ? options.max_log_re_rex
                                                : options.max_log_re_galaxy;
  max_log_re = std::max(max_log_re, min_log_re);

  double half = 0;
  std::size_t largest = 0;
  for (const FitWindow& w : windows.windows()) {
    if (w.count == 0) continue;
    const PixelPosition at = pixel(*w.image, {});
    if (std::isfinite(at.x) && std::isfinite(at.y))
      half = std::max(half, farthest_limit(w.mask, std::nearbyint(at.x), std::nearbyint(at.y)));
    largest = std::max(largest, static_cast<std::size_t>(w.count));
  }
  reference_size = power_of_two_size(2 * (half + kReferenceMargin));
  if (reference_size == 0) reference_size = kMaxTransformSize;
  largest_window = largest;
  return true;
}

// Draws the unit model and its derivatives on an image's window and sums their products over the pixels.
// False where the model cannot be seen.
bool SourceFitter::Workspace::render_and_sum(const FitWindow& w, const FitPoint& p, const Mixture& mixture,
                                             bool derivatives, FitScratch& scratch,
                                             kernels::GramJob& gram) const {
  const PixelPosition at = w.count > 0 ? pixel(*w.image, p) : PixelPosition{};
  if (w.count <= 0 || !std::isfinite(at.x) || !std::isfinite(at.y)) return false;
  WindowJob job;
  job.psf = w.image->psf;
  job.window = w.mask;
  job.x = at.x;
  job.y = at.y;
  job.point = !model.is_galaxy();
  job.reference_size = reference_size;
  if (derivatives) job.outputs = {layout.position >= 0, layout.shapes, layout.index >= 0};
  // Not where steps are to be those of the reference's profiles, to the last bit.
  job.position_by_filter = options.render.profiles == GalaxyProfiles::kSersic;
  if (!job.point) {
    job.mixture = mixture;
    job.shape = shape_derivatives(ellipse(p), pixels_per_arcsec(w.image->cd));
  }
  const int count = derivatives ? 1 + layout.size : 1;
  float* out[kernels::kMaxPlanes] = {};
  scratch.planes.reserve(largest_window * kernels::kMaxPlanes);
  for (int k = 0; k < count; ++k) out[k] = scratch.planes.data() + k * w.count;
  if (!scratch.renderer.render(job, out)) return false;
  gram.data = w.data;
  gram.weight = w.weight;
  gram.count = w.count;
  gram.flux = static_cast<float>(flux[w.image->band]);
  gram.planes = count;
  for (int k = 0; k < count; ++k) gram.plane[k] = out[k];
  gram.totals = options.fit_sky;
  active_kernels().gram(gram);
  return true;
}

void SourceFitter::Workspace::measure(std::size_t i, const FitPoint& p, const Mixture& mixture,
                                      bool derivatives, FitScratch& scratch) {
  const FitWindow& w = windows.windows()[i];
  ImageSums& result = images[i];
  result.size = 0;
  result.sky = {};
  result.measured = false;
  if (!w.image) return;

  kernels::GramJob gram;
  const bool visible = render_and_sum(w, p, mixture, derivatives, scratch, gram);
  // Vectors in the sums: r, then u and its derivatives.
  const int size = visible ? gram.planes + 1 : 1;
  if (visible) {
    result.measured = gram.gram[1][1] > 0;
  } else if (w.count > 0) {
    const kernels::PixelSums inside = w.inside();
    gram.gram[0][0] = inside.data2;
    gram.total[0] = inside.data;
    gram.weight_sum = inside.weight;
  }

  BandSums& g = result.sums;
  result.size = size;
  for (int a = 0; a < size; ++a)
    for (int b = 0; b <= a; ++b) g[a][b] = g[b][a] = gram.gram[a][b];
  std::array<double, kMaxParameters + 2> total{};
  for (int a = 0; a < size; ++a) total[a] = gram.total[a];
  g[0][0] += w.outside.data2;
  if (visible && derivatives && layout.position >= 0) turn_to_sky(w.image->local, size, g, total);
  if (options.fit_sky) {
    total[0] += w.outside.data;
    const double weight = gram.weight_sum + w.outside.weight;
    if (weight > 0)
      for (int a = 0; a < size; ++a)
        for (int b = 0; b < size; ++b) g[a][b] -= total[a] * total[b] / weight;
    result.sky = {total[0], total[1], weight};
  }
}

// The derivatives with respect to the position, from pixels to arcsec along east and north.
void SourceFitter::Workspace::turn_to_sky(const LocalLinearWcs& local, int size, BandSums& g,
                                          std::array<double, kMaxParameters + 2>& total) const {
  const std::array<double, 4>& j = local.pixels_per_degree;
  const int x = 2 + layout.position, y = x + 1;
  const double xe = j[0] / 3600, xn = j[1] / 3600, ye = j[2] / 3600, yn = j[3] / 3600;
  for (int a = 0; a < size; ++a) {
    const double gx = g[a][x], gy = g[a][y];
    g[a][x] = xe * gx + ye * gy;
    g[a][y] = xn * gx + yn * gy;
  }
  for (int a = 0; a < size; ++a) {
    const double gx = g[x][a], gy = g[y][a];
    g[x][a] = xe * gx + ye * gy;
    g[y][a] = xn * gx + yn * gy;
  }
  const double tx = total[x], ty = total[y];
  total[x] = xe * tx + ye * ty;
  total[y] = xn * tx + yn * ty;
}

FitSurface SourceFitter::Workspace::evaluate(const FitPoint& p, bool derivatives) {
  ++(derivatives ? derivative_evaluations : value_evaluations);
  for (BandSums& g : bands) g = {};
  std::fill(band_measured.begin(), band_measured.end(), 0);
  const Mixture mixture = model.kind == SourceKind::kSer
                              ? profile_mixture(model.kind, p.index, options.render.profiles)
                              : fixed_mixture;
  const auto scratch_of = [&](FitScratch& scratch) -> FitScratch& {
    scratch.renderer.set_options(options.render);
    return scratch;
  };
  const std::size_t count = windows.windows().size();
  if (options.images_in_parallel && count > 1) {
    // Isolated: the caller's other tasks may want this workspace.
    FirstFailure failure;
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(
          std::size_t{0}, count, std::size_t{1},
          [&](std::size_t i) {
            failure.run(i, [&] { measure(i, p, mixture, derivatives, scratch_of(others.local())); });
          },
          tbb::simple_partitioner());
    });
    failure.rethrow();
  } else {
    scratch_of(own);
    for (std::size_t i = 0; i < count; ++i) measure(i, p, mixture, derivatives, own);
  }
  // Always in the order of the images.
  for (std::size_t i = 0; i < count; ++i) {
    const ImageSums& image = images[i];
    if (image.size == 0) continue;
    const int band = windows.windows()[i].image->band;
    if (image.measured) band_measured[band] = 1;
    for (int a = 0; a < image.size; ++a)
      for (int b = 0; b < image.size; ++b) bands[band][a][b] += image.sums[a][b];
  }

  FitSurface s;
  double chi2 = 0;
  const int n = derivatives ? layout.size : 0;
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const BandSums& g = bands[b];
    const double uu = g[1][1];
    const bool solvable = band_measured[b] && uu > 0 && std::isfinite(uu);
    s.measured = s.measured || solvable;
    const double change = move_flux && solvable ? g[0][1] / uu : 0;
    const double f = flux[b] + change;
    best_flux[b] = f;
    band_chi2[b] = g[0][0] - change * g[0][1];
    chi2 += band_chi2[b];
    for (int j = 0; j < n; ++j) {
      s.gradient[j] += f * (g[0][j + 2] - change * g[1][j + 2]);
      for (int k = 0; k < n; ++k) {
        const double taken = move_flux && solvable ? g[1][j + 2] * g[1][k + 2] / uu : 0;
        s.curvature[j][k] += f * f * (g[j + 2][k + 2] - taken);
      }
    }
  }
  for (std::size_t i = 0; i < sky.size(); ++i) {
    const auto& [total, unit, weight] = images[i].sky;
    if (!(weight > 0)) continue;
    const std::size_t b = windows.windows()[i].image->band;
    sky[i] = (total - (best_flux[b] - flux[b]) * unit) / weight;
  }
  if (model.is_galaxy() && model.kind != SourceKind::kRex && options.ellipticity_prior_sigma > 0) {
    const double inverse = 1 / (options.ellipticity_prior_sigma * options.ellipticity_prior_sigma);
    s.ln_prior = -0.5 * inverse * (p.shape.ee1 * p.shape.ee1 + p.shape.ee2 * p.shape.ee2);
    if (derivatives && layout.shapes == 3) {
      const double ee[2] = {p.shape.ee1, p.shape.ee2};
      for (int j = 0; j < 2; ++j) {
        s.gradient[layout.shape + 1 + j] -= inverse * ee[j];
        s.curvature[layout.shape + 1 + j][layout.shape + 1 + j] += inverse;
      }
    }
  }
  if (const RadiusPrior& prior = options.round_radius_prior; layout.shapes == 1 && prior.sigma > 0) {
    const double inverse = 1 / (prior.sigma * prior.sigma), off = p.shape.log_re - prior.log_re;
    s.ln_prior -= 0.5 * inverse * off * off;
    if (derivatives) {
      s.gradient[layout.shape] -= inverse * off;
      s.curvature[layout.shape][layout.shape] += inverse;
    }
  }
  s.ln_prob = s.ln_prior - 0.5 * chi2;
  return s;
}

void SourceFitter::Workspace::report(const FitPoint& p, const FitSurface& s, FitResult& out) const {
  const SkyPosition where = position(p);
  if (layout.position >= 0) {
    out.model.ra = std::fmod(where.ra + 360, 360);
    out.model.dec = std::clamp(where.dec, -90.0, 90.0);
  }
  if (model.is_galaxy()) out.model.shape = ellipse(p);
  if (model.kind == SourceKind::kSer) out.model.sersic_index = p.index;
  for (std::size_t b = 0; b < bands.size(); ++b)
    if (band_measured[b]) out.model.flux[b] = best_flux[b];
  out.ln_prob = s.ln_prob;
  out.ln_prior = s.ln_prior;
  out.chi2_per_band = band_chi2;
  out.chi2 = 0;
  for (const double c : band_chi2) out.chi2 += c;
  if (options.fit_sky) out.sky = sky;
  report_work(out);
  constexpr double near_log_re = 0.01, near_index = 1e-3, near_position = 1e-6;
  if (model.is_galaxy())
    out.at_radius_limit =
        p.shape.log_re < min_log_re + near_log_re || p.shape.log_re > max_log_re - near_log_re;
  if (model.kind == SourceKind::kSer)
    out.at_sersic_limit =
        p.index < options.min_sersic_index + near_index || p.index > options.max_sersic_index - near_index;
  if (options.position_box_arcsec > 0)
    out.at_position_limit =
        std::max(std::abs(p.east), std::abs(p.north)) > options.position_box_arcsec - near_position;
}

void SourceFitter::Workspace::report_work(FitResult& out) const {
  out.derivative_evaluations = derivative_evaluations;
  out.value_evaluations = value_evaluations;
  double pixels = 0;
  for (const FitWindow& w : windows.windows()) pixels += static_cast<double>(w.mask.area());
  out.work = pixels * (static_cast<double>(derivative_evaluations) * (1 + layout.size) + value_evaluations);
}

}  // namespace brickline
