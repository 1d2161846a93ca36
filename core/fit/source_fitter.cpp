#include "core/fit/source_fitter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/fit/box_solver.h"
#include "core/fit/fit_windows.h"
#include "core/model/shape.h"
#include "core/model/simd.h"
#include "core/model/sky_motion.h"
#include "core/model/window_renderer.h"

namespace brickline {
namespace {

constexpr int kMaxParameters = BoxProblem::kMax;  // east, north, lg, ee1, ee2, n
// Pixels around a mask that the reference pipeline's transform size leaves for the source to move in.
constexpr double kReferenceMargin = 6;
// Damping of Levenberg-Marquardt, relative to the diagonal.
constexpr double kFirstDamping = 1e-3, kSmallestDamping = 1e-7, kLargestDamping = 1e8;
constexpr double kGoodRatio = 0.75, kPoorRatio = 0.25;

// Where the fit is: offsets from the start in arcsec, and the shape.
struct Point {
  double east = 0, north = 0;
  SoftenedEllipse shape;
  double index = 0;
};

// Which parameters move, and the place of each in the vectors; -1: does not.
struct Layout {
  int position = -1, shape = -1, index = -1;
  int shapes = 0, size = 0;
};

// ln P around a point, fluxes (and skies) at their best.
struct Surface {
  double ln_prob = -std::numeric_limits<double>::infinity();
  double ln_prior = 0;
  std::array<double, kMaxParameters> gradient{};
  std::array<std::array<double, kMaxParameters>, kMaxParameters> curvature{};  // of -ln P
  bool measured = false;  // some unmasked pixel sees the source
};

// Sums of one band (kernels::GramJob): r, u and the derivatives.
using Gram = std::array<std::array<double, kMaxParameters + 2>, kMaxParameters + 2>;

}  // namespace

std::string_view status_name(FitStatus status) {
  switch (status) {
    case FitStatus::kConverged:
      return "converged";
    case FitStatus::kMaxIterations:
      return "iterations exhausted";
    case FitStatus::kLeftRegion:
      return "left its region";
    case FitStatus::kStalled:
      return "stalled";
    case FitStatus::kNoData:
      return "no data";
    case FitStatus::kBadInput:
      return "bad input";
  }
  return "?";
}

struct SourceFitter::Workspace {
  Workspace(const FitOptions& o) : options(o), renderer(o.render) {}

  // What a call works on.
  FitOptions options;
  WindowRenderer renderer;
  FitWindows windows;
  AlignedFloats planes;
  SourceModel model;
  Layout layout;
  Mixture fixed_mixture;  // of kinds without an index
  bool move_flux = true;
  double cos_dec = 1;
  int reference_size = 0;
  double min_log_re = 0, max_log_re = 0;
  int derivative_evaluations = 0, value_evaluations = 0;

  // Fluxes that residuals are taken at, and the best at the last evaluation.
  std::vector<double> flux, best_flux, band_chi2, sky;
  std::vector<Gram> bands;
  std::vector<char> band_measured;
  // What an image's sky needs after the band's flux is known: total r, total u, weight.
  std::vector<std::array<double, 3>> sky_sums;

  SkyPosition position(const Point& p) const {
    return {model.ra + p.east / 3600 / cos_dec, model.dec + p.north / 3600};
  }

  PixelPosition pixel(const FitImage& image, const Point& p) const {
    if (model.motion) {
      const SkyPosition s = position_at(model, image.mjd_tai);
      return image.local.to_pixel(s.ra, s.dec);
    }
    const SkyPosition s = position(p);
    return image.local.to_pixel(s.ra, s.dec);
  }

  SoftenedEllipse ellipse(const Point& p) const {
    return model.kind == SourceKind::kRex ? SoftenedEllipse{p.shape.log_re, 0, 0} : p.shape;
  }

  bool prepare(const SourceModel& start, std::span<const FitImage> images, bool move_position,
               bool move_shape);
  void add_image(std::size_t i, const Point& p, const Mixture& mixture, bool derivatives);
  Surface evaluate(const Point& p, bool derivatives);
  Point step(const Point& from, const Surface& at, double damping, double* predicted) const;
  void report(const Point& p, const Surface& s, FitResult& out) const;
};

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
  sky_sums.assign(images.size(), {});
  bands.assign(band_count, {});
  band_measured.assign(band_count, 0);
  windows.gather(images, band_count);

  const bool galaxy = start.is_galaxy();
  if (!std::isfinite(start.ra) || !std::isfinite(start.dec) || std::abs(start.dec) > 90) return false;
  if (galaxy && !(std::isfinite(start.shape.log_re) && std::isfinite(start.shape.ee1) &&
                  std::isfinite(start.shape.ee2)))
    return false;
  if (start.kind == SourceKind::kSer && !std::isfinite(start.sersic_index)) return false;

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
  if (start.kind != SourceKind::kSer) fixed_mixture = profile_mixture(start.kind, 0);
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
  planes.reserve(largest * kernels::kMaxPlanes);
  return true;
}

void SourceFitter::Workspace::add_image(std::size_t i, const Point& p, const Mixture& mixture,
                                        bool derivatives) {
  const FitWindow& w = windows.windows()[i];
  sky_sums[i] = {};
  if (!w.image) return;
  const int band = w.image->band;
  Gram& sum = bands[band];

  kernels::GramJob gram;
  int size = 1;  // vectors in the sums: r, then u and its derivatives
  WindowJob job;
  const PixelPosition at = w.count > 0 ? pixel(*w.image, p) : PixelPosition{};
  bool visible = w.count > 0 && std::isfinite(at.x) && std::isfinite(at.y);
  if (visible) {
    job.psf = w.image->psf;
    job.window = w.mask;
    job.x = at.x;
    job.y = at.y;
    job.point = !model.is_galaxy();
    job.reference_size = reference_size;
    if (derivatives) job.outputs = {layout.position >= 0, layout.shapes, layout.index >= 0};
    if (!job.point) {
      job.mixture = mixture;
      job.shape = shape_derivatives(ellipse(p), pixels_per_arcsec(w.image->cd));
    }
    const int count = derivatives ? 1 + layout.size : 1;
    float* out[kernels::kMaxPlanes] = {};
    for (int k = 0; k < count; ++k) out[k] = planes.data() + k * w.count;
    visible = renderer.render(job, out);
    if (visible) {
      gram.data = w.data;
      gram.weight = w.weight;
      gram.count = w.count;
      gram.flux = static_cast<float>(flux[band]);
      gram.planes = count;
      for (int k = 0; k < count; ++k) gram.plane[k] = out[k];
      gram.totals = options.fit_sky;
      active_kernels().gram(gram);
      size = count + 1;
      if (gram.gram[1][1] > 0) band_measured[band] = 1;
    }
  }
  if (!visible && w.count > 0) {
    const kernels::PixelSums inside = w.inside();
    gram.gram[0][0] = inside.data2;
    gram.total[0] = inside.data;
    gram.weight_sum = inside.weight;
  }

  Gram g{};
  for (int a = 0; a < size; ++a)
    for (int b = 0; b <= a; ++b) g[a][b] = g[b][a] = gram.gram[a][b];
  std::array<double, kMaxParameters + 2> total{};
  for (int a = 0; a < size; ++a) total[a] = gram.total[a];
  g[0][0] += w.outside.data2;
  if (visible && derivatives && layout.position >= 0) {
    // From pixels to arcsec along east and north.
    const std::array<double, 4>& j = w.image->local.pixels_per_degree;
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
  if (options.fit_sky) {
    total[0] += w.outside.data;
    const double weight = gram.weight_sum + w.outside.weight;
    if (weight > 0)
      for (int a = 0; a < size; ++a)
        for (int b = 0; b < size; ++b) g[a][b] -= total[a] * total[b] / weight;
    sky_sums[i] = {total[0], total[1], weight};
  }
  for (int a = 0; a < size; ++a)
    for (int b = 0; b < size; ++b) sum[a][b] += g[a][b];
}

Surface SourceFitter::Workspace::evaluate(const Point& p, bool derivatives) {
  ++(derivatives ? derivative_evaluations : value_evaluations);
  for (Gram& g : bands) g = {};
  std::fill(band_measured.begin(), band_measured.end(), 0);
  const Mixture mixture = model.kind == SourceKind::kSer ? sersic_mixture(p.index) : fixed_mixture;
  for (std::size_t i = 0; i < windows.windows().size(); ++i) add_image(i, p, mixture, derivatives);

  Surface s;
  double chi2 = 0;
  const int n = derivatives ? layout.size : 0;
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const Gram& g = bands[b];
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
    const auto& [total, unit, weight] = sky_sums[i];
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
  s.ln_prob = s.ln_prior - 0.5 * chi2;
  return s;
}

Point SourceFitter::Workspace::step(const Point& from, const Surface& at, double damping,
                                    double* predicted) const {
  BoxProblem problem;
  problem.size = layout.size;
  problem.a = at.curvature;
  problem.g = at.gradient;
  const auto limit = [&](int i, double value, double low, double high, double most) {
    problem.low[i] = std::min(0.0, std::max(low - value, -most));
    problem.high[i] = std::max(0.0, std::min(high - value, most));
  };
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (layout.position >= 0) {
    const double box = options.position_box_arcsec > 0 ? options.position_box_arcsec : infinite;
    limit(layout.position, from.east, -box, box, options.max_step_position_arcsec);
    limit(layout.position + 1, from.north, -box, box, options.max_step_position_arcsec);
  }
  const int r = layout.shape;
  const bool elliptical = layout.shapes == 3;
  if (r >= 0) {
    // A REX's geometric-mean radius is its radius. For the others the bound is on the major axis: it is tried
    // without first.
    if (elliptical) {
      limit(r, 0, -infinite, infinite, options.max_step_log_re);
      limit(r + 1, 0, -infinite, infinite, options.max_step_ellipticity);
      limit(r + 2, 0, -infinite, infinite, options.max_step_ellipticity);
    } else {
      limit(r, from.shape.log_re, min_log_re, max_log_re, options.max_step_log_re);
    }
  }
  if (layout.index >= 0)
    limit(layout.index, from.index, options.min_sersic_index, options.max_sersic_index,
          options.max_step_sersic_index);

  const auto damped = [&](BoxProblem p) {
    for (int i = 0; i < p.size; ++i) p.a[i][i] *= 1 + damping;
    return solve_in_box(p);
  };
  std::array<double, kMaxParameters> d = damped(problem);
  Point to = from;
  const auto move_shape = [&](bool by_mean_radius) {
    to.shape.ee1 = from.shape.ee1 + d[r + 1];
    to.shape.ee2 = from.shape.ee2 + d[r + 2];
    to.shape.log_re = from.shape.log_re + d[r];
    if (by_mean_radius)
      to.shape.log_re += half_log_axis_ratio(from.shape.ee1, from.shape.ee2).value -
                         half_log_axis_ratio(to.shape.ee1, to.shape.ee2).value;
  };
  if (elliptical) {
    move_shape(true);
    if (to.shape.log_re < min_log_re || to.shape.log_re > max_log_re) {
      // The same problem in (log_re, ee1, ee2): lg = log_re + ln(q)/2.
      const HalfLogAxisRatio h = half_log_axis_ratio(from.shape.ee1, from.shape.ee2);
      const double c[2] = {h.by_ee1, h.by_ee2};
      for (int j = 0; j < 2; ++j) {
        const int e = r + 1 + j;
        for (int i = 0; i < problem.size; ++i) problem.a[i][e] += c[j] * problem.a[i][r];
        for (int i = 0; i < problem.size; ++i) problem.a[e][i] += c[j] * problem.a[r][i];
        problem.g[e] += c[j] * problem.g[r];
      }
      limit(r, from.shape.log_re, min_log_re, max_log_re, options.max_step_log_re);
      d = damped(problem);
      move_shape(false);
      to.shape.log_re = std::clamp(to.shape.log_re, min_log_re, max_log_re);
    }
  } else if (r >= 0) {
    to.shape.log_re = std::clamp(from.shape.log_re + d[r], min_log_re, max_log_re);
  }
  if (layout.position >= 0) {
    to.east += d[layout.position];
    to.north += d[layout.position + 1];
  }
  if (layout.index >= 0)
    to.index = std::clamp(from.index + d[layout.index], options.min_sersic_index, options.max_sersic_index);
  double gain = 0;
  for (int i = 0; i < problem.size; ++i) {
    gain += d[i] * problem.g[i];
    for (int k = 0; k < problem.size; ++k) gain -= 0.5 * d[i] * problem.a[i][k] * d[k];
  }
  *predicted = gain;
  return to;
}

void SourceFitter::Workspace::report(const Point& p, const Surface& s, FitResult& out) const {
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
  out.derivative_evaluations = derivative_evaluations;
  out.value_evaluations = value_evaluations;
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

SourceFitter::SourceFitter(FitOptions options) : options_(std::move(options)) {}
SourceFitter::~SourceFitter() = default;
SourceFitter::SourceFitter(SourceFitter&&) noexcept = default;
SourceFitter& SourceFitter::operator=(SourceFitter&&) noexcept = default;

FitResult SourceFitter::fit(const SourceModel& start, std::span<const FitImage> images) {
  return run(start, images, options_.fit_position, options_.fit_shape, true);
}
FitResult SourceFitter::fit_fluxes(const SourceModel& start, std::span<const FitImage> images) {
  return run(start, images, false, false, true);
}
FitResult SourceFitter::evaluate(const SourceModel& model, std::span<const FitImage> images) {
  return run(model, images, false, false, false);
}

FitResult SourceFitter::run(const SourceModel& start, std::span<const FitImage> images, bool move_position,
                            bool move_shape, bool move_flux) {
  if (!workspace_) workspace_ = std::make_unique<Workspace>(options_);
  Workspace& w = *workspace_;
  w.options = options_;
  w.renderer.set_options(options_.render);
  w.move_flux = move_flux;
  FitResult out;
  out.model = start;
  if (!w.prepare(start, images, move_position, move_shape)) {
    out.status = FitStatus::kBadInput;
    return out;
  }
  Point here{0, 0, start.shape, start.sersic_index};
  if (w.layout.shape >= 0) here.shape.log_re = std::clamp(here.shape.log_re, w.min_log_re, w.max_log_re);
  if (w.layout.index >= 0)
    here.index = std::clamp(here.index, options_.min_sersic_index, options_.max_sersic_index);

  const bool moving = w.layout.size > 0;
  Surface at = w.evaluate(here, moving);
  w.report(here, at, out);
  if (!at.measured || !std::isfinite(at.ln_prob)) {
    out.status = std::isfinite(at.ln_prob) ? FitStatus::kNoData : FitStatus::kBadInput;
    return out;
  }
  w.flux = w.best_flux;
  out.status = moving ? FitStatus::kMaxIterations : FitStatus::kConverged;
  double damping = kFirstDamping;
  for (int iteration = 0; moving && iteration < options_.max_iterations; ++iteration) {
    double predicted = 0;
    const Point trial = w.step(here, at, damping, &predicted);
    if (!(predicted > 0)) {
      out.status = std::isfinite(predicted) ? FitStatus::kConverged : FitStatus::kStalled;
      break;
    }
    const bool small = predicted < options_.small_gain;
    const Surface there = w.evaluate(trial, !small);
    const double gain = there.ln_prob - at.ln_prob;
    const bool better = there.measured && std::isfinite(there.ln_prob) && gain > 0;
    if (!better) {
      if (predicted < options_.min_gain) {
        out.status = FitStatus::kConverged;
        break;
      }
      damping = std::max(damping * 10, kFirstDamping);
      if (damping > kLargestDamping) {
        out.status = FitStatus::kStalled;
        break;
      }
      continue;
    }
    if (options_.allowed) {
      const SkyPosition s = w.position(trial);
      if (!options_.allowed(s.ra, s.dec)) {
        out.status = FitStatus::kLeftRegion;
        break;
      }
    }
    ++out.steps;
    here = trial;
    at = there;
    w.flux = w.best_flux;
    w.report(here, at, out);
    const bool undamped = damping <= kFirstDamping;
    if (undamped && (predicted < options_.min_gain || gain < options_.min_gain ||
                     (small && std::abs(gain - predicted) < options_.min_gain))) {
      out.status = FitStatus::kConverged;
      break;
    }
    if (gain > kGoodRatio * predicted)
      damping = std::max(damping / 10, kSmallestDamping);
    else if (gain < kPoorRatio * predicted)
      damping = damping * 4;
    if (small) at = w.evaluate(here, true);
  }
  out.derivative_evaluations = w.derivative_evaluations;
  out.value_evaluations = w.value_evaluations;
  return out;
}

}  // namespace brickline
