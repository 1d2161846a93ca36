#include "core/fit/joint_fitter.h"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/fit/joint_problem.h"
#include "core/model/shape.h"

namespace brickline {
namespace {

// Damping of Levenberg-Marquardt, relative to the diagonal, of everything but the fluxes.
constexpr double kFirstDamping = 1e-3, kSmallestDamping = 1e-6, kLargestDamping = 1e7;
constexpr double kGoodRatio = 0.75, kPoorRatio = 0.25;
// Steps may gain some times what they promise, and so may those after them.
constexpr double kOfPredicted = 5;
// Added to the diagonal of matrices that are scaled to unit diagonal.
constexpr double kRidge = 1e-9;
// Diagonals that are smaller are of parameters that nothing is known of.
constexpr double kNothing = 1e-30;
constexpr int kBoundRounds = 12;
// In ln P: less moves no source by a twentieth of its sigma.
constexpr double kNothingToGain = 1e-3;
// As SourceFitter tells that a position is at its limit, arcsec.
constexpr double kNearPosition = 1e-6;

struct Step {
  Eigen::VectorXd d;
  std::vector<char>
      by_axis;  // [source] the shape's first parameter is ln of the major axis, not of the mean radius
  double predicted = 0;  // what it gains in ln P
};

std::vector<JointPoint> moved(const JointProblem& problem, const JointOptions& options,
                              const std::vector<JointPoint>& from, const Step& step);

// The step within bounds: parameters that would leave stop at theirs, the others are solved for again. An ellipse steps
// in the logarithm of its geometric-mean radius, lg = log_re + ln(q)/2; its bounds are on the major axis. One whose axis
// would leave them steps in log_re itself.
class Stepper {
 public:
  Stepper(const JointProblem& problem, const JointOptions& options, const std::vector<char>& stands)
      : problem_(problem), options_(options), stands_(stands) {}

  // minimize 1/2 d^T A d - g^T d, damped.
  Step step(const Eigen::MatrixXd& a, const Eigen::VectorXd& g, const std::vector<JointPoint>& from,
            double damping) {
    Step out;
    out.by_axis.assign(problem_.size(), 0);
    solve(a, g, from, damping, out);
    Eigen::MatrixXd of_axes;
    Eigen::VectorXd g_of_axes;
    for (;;) {  // once per source at most
      const std::vector<char> known = out.by_axis;
      const std::vector<JointPoint> to = moved(problem_, options_, from, out);
      for (std::size_t s = 0; s < to.size(); ++s) {
        if (problem_.layout(s).shapes != 3 || out.by_axis[s] || inside(s, to[s].at.shape.log_re)) continue;
        if (of_axes.size() == 0) {
          of_axes = a;
          g_of_axes = g;
        }
        use_axis(s, from[s].at, of_axes, g_of_axes);
        out.by_axis[s] = 1;
      }
      if (out.by_axis == known) break;
      solve(of_axes, g_of_axes, from, damping, out);
    }
    return out;
  }

 private:
  bool inside(std::size_t s, double log_re) const {
    return log_re >= problem_.min_log_re() && log_re <= problem_.max_log_re(s);
  }

  // The same quadratic form in (log_re, ee1, ee2).
  void use_axis(std::size_t s, const FitPoint& p, Eigen::MatrixXd& a, Eigen::VectorXd& g) const {
    const HalfLogAxisRatio h = half_log_axis_ratio(p.shape.ee1, p.shape.ee2);
    const double by[2] = {h.by_ee1, h.by_ee2};
    const Eigen::Index r = problem_.offset(s) + problem_.layout(s).shape;
    for (Eigen::Index j = 0; j < 2; ++j) {
      a.col(r + 1 + j) += by[j] * a.col(r);
      a.row(r + 1 + j) += by[j] * a.row(r);
      g[r + 1 + j] += by[j] * g[r];
    }
  }

  void solve(const Eigen::MatrixXd& a, const Eigen::VectorXd& g, const std::vector<JointPoint>& from,
             double damping, Step& out) {
    const auto n = static_cast<std::size_t>(a.rows());
    low_.assign(n, -std::numeric_limits<double>::infinity());
    high_.assign(n, std::numeric_limits<double>::infinity());
    damping_.assign(n, 0.0);
    for (std::size_t s = 0; s < problem_.size(); ++s) bounds_of(s, from[s].at, damping, out.by_axis[s] != 0);
    std::vector<char> fixed(n, 0);
    Eigen::VectorXd d = Eigen::VectorXd::Zero(a.rows());
    for (std::size_t i = 0; i < n; ++i) {
      const auto k = static_cast<Eigen::Index>(i);
      if (!(a(k, k) > kNothing) || !std::isfinite(a(k, k)) || !std::isfinite(g[k]) || low_[i] >= high_[i])
        fixed[i] = 1;
    }
    for (int round = 0; round < kBoundRounds; ++round) {
      solve_free(a, g, fixed, d);
      bool left = false;
      for (std::size_t i = 0; i < n; ++i) {
        const auto k = static_cast<Eigen::Index>(i);
        if (fixed[i] || (d[k] >= low_[i] && d[k] <= high_[i])) continue;
        d[k] = std::clamp(d[k], low_[i], high_[i]);
        fixed[i] = 1;
        left = true;
      }
      if (!left) break;
    }
    for (std::size_t i = 0; i < n; ++i) {
      const auto k = static_cast<Eigen::Index>(i);
      d[k] = std::clamp(d[k], low_[i], high_[i]);
    }
    out.predicted = g.dot(d) - 0.5 * d.dot(a * d);
    out.d = std::move(d);
  }

  void bounds_of(std::size_t s, const FitPoint& p, double damping, bool by_axis) {
    const FitLayout& layout = problem_.layout(s);
    const FitOptions& o = options_.fit;
    const auto first = static_cast<std::size_t>(problem_.offset(s));
    for (int k = 0; k < layout.size; ++k) damping_[first + static_cast<std::size_t>(k)] = damping;
    const auto limit = [&](int k, double value, double low, double high, double most) {
      low_[first + static_cast<std::size_t>(k)] = std::min(0.0, std::max(low - value, -most));
      high_[first + static_cast<std::size_t>(k)] = std::max(0.0, std::min(high - value, most));
    };
    constexpr double infinite = std::numeric_limits<double>::infinity();
    if (layout.position >= 0) {
      const double box = o.position_box_arcsec > 0 ? o.position_box_arcsec : infinite;
      const double most = stands_[s] ? 0 : o.max_step_position_arcsec;
      limit(layout.position, p.east, -box, box, most);
      limit(layout.position + 1, p.north, -box, box, most);
    }
    if (layout.shapes == 1 || by_axis)
      limit(layout.shape, p.shape.log_re, o.min_log_re, problem_.max_log_re(s), o.max_step_log_re);
    if (layout.shapes == 3) {
      if (!by_axis) limit(layout.shape, 0, -infinite, infinite, o.max_step_log_re);
      limit(layout.shape + 1, 0, -infinite, infinite, o.max_step_ellipticity);
      limit(layout.shape + 2, 0, -infinite, infinite, o.max_step_ellipticity);
    }
    if (layout.index >= 0)
      limit(layout.index, p.index, o.min_sersic_index, o.max_sersic_index, o.max_step_sersic_index);
  }

  void solve_free(const Eigen::MatrixXd& a, const Eigen::VectorXd& g, const std::vector<char>& fixed,
                  Eigen::VectorXd& d) const {
    std::vector<Eigen::Index> free;
    for (std::size_t i = 0; i < fixed.size(); ++i)
      if (!fixed[i]) free.push_back(static_cast<Eigen::Index>(i));
    const auto n = static_cast<Eigen::Index>(free.size());
    Eigen::MatrixXd m(n, n);
    Eigen::VectorXd r(n), scale(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      const Eigen::Index at = free[static_cast<std::size_t>(i)];
      scale[i] = 1 / std::sqrt(a(at, at));
    }
    for (Eigen::Index i = 0; i < n; ++i) {
      const Eigen::Index at = free[static_cast<std::size_t>(i)];
      double v = g[at];
      for (std::size_t k = 0; k < fixed.size(); ++k)
        if (fixed[k]) v -= a(at, static_cast<Eigen::Index>(k)) * d[static_cast<Eigen::Index>(k)];
      r[i] = v * scale[i];
      for (Eigen::Index j = 0; j <= i; ++j)
        m(i, j) = m(j, i) = a(at, free[static_cast<std::size_t>(j)]) * scale[i] * scale[j];
      m(i, i) += damping_[static_cast<std::size_t>(at)] + kRidge;
    }
    const Eigen::VectorXd x = m.ldlt().solve(r);
    for (Eigen::Index i = 0; i < n; ++i)
      d[free[static_cast<std::size_t>(i)]] = std::isfinite(x[i]) ? x[i] * scale[i] : 0;
  }

  const JointProblem& problem_;
  const JointOptions& options_;
  const std::vector<char>& stands_;
  std::vector<double> low_, high_, damping_;
};

std::vector<JointPoint> moved(const JointProblem& problem, const JointOptions& options,
                              const std::vector<JointPoint>& from, const Step& step) {
  const Eigen::VectorXd& d = step.d;
  std::vector<JointPoint> to = from;
  for (std::size_t s = 0; s < to.size(); ++s) {
    const FitLayout& layout = problem.layout(s);
    const int at = problem.offset(s);
    FitPoint& p = to[s].at;
    if (layout.position >= 0) {
      p.east += d[problem.position_offset(s)];
      p.north += d[problem.position_offset(s) + 1];
    }
    if (layout.shapes == 1) p.shape.log_re += d[at + layout.shape];
    if (layout.shapes == 3) {
      const double before = half_log_axis_ratio(p.shape.ee1, p.shape.ee2).value;
      p.shape.ee1 += d[at + layout.shape + 1];
      p.shape.ee2 += d[at + layout.shape + 2];
      p.shape.log_re += d[at + layout.shape];
      if (!step.by_axis[s]) p.shape.log_re += before - half_log_axis_ratio(p.shape.ee1, p.shape.ee2).value;
    }
    if (layout.shape >= 0 && !(layout.shapes == 3 && !step.by_axis[s]))
      p.shape.log_re = std::clamp(p.shape.log_re, problem.min_log_re(), problem.max_log_re(s));
    if (layout.index >= 0)
      p.index = std::clamp(p.index + d[at + layout.index], options.fit.min_sersic_index,
                           options.fit.max_sersic_index);
    for (int b = 0; b < problem.bands(); ++b)
      to[s].flux[static_cast<std::size_t>(b)] += d[problem.flux_offset(s) + b];
  }
  return to;
}

// Whether models change by it as their derivatives say.
bool is_short(const JointProblem& problem, const Step& step) {
  constexpr double kOfShape = 0.2, kOfIndex = 0.3;
  for (std::size_t s = 0; s < problem.size(); ++s) {
    const FitLayout& layout = problem.layout(s);
    const Eigen::Index at = problem.offset(s);
    for (int k = 0; k < layout.shapes; ++k)
      if (!(std::abs(step.d[at + layout.shape + k]) < kOfShape)) return false;
    if (layout.index >= 0 && !(std::abs(step.d[at + layout.index]) < kOfIndex)) return false;
  }
  return true;
}

// d(lg, ee1, ee2)/d(re, e1, e2) at an ellipse; at the round shape the right-hand derivative.
Eigen::Matrix3d shape_jacobian(const SoftenedEllipse& shape) {
  const Ellipse e = to_ellipse(shape);
  Eigen::Matrix3d j = Eigen::Matrix3d::Zero();
  j(0, 0) = 1 / e.re;
  const double length = std::hypot(e.e1, e.e2), eta = -std::log1p(-length);
  const HalfLogAxisRatio h = half_log_axis_ratio(shape.ee1, shape.ee2);
  const double unit[2] = {length > 0 ? e.e1 / length : 0, length > 0 ? e.e2 / length : 0};
  const double ratio = length > 0 ? eta / length : 1;
  for (int k = 0; k < 2; ++k) {
    for (int i = 0; i < 2; ++i)
      j(i + 1, k + 1) = (i == k ? ratio : 0) + (1 / (1 - length) - ratio) * unit[i] * unit[k];
    j(0, k + 1) = length > 0 ? h.by_ee1 * j(1, k + 1) + h.by_ee2 * j(2, k + 1) : -1;
  }
  return j;
}

// Inverse of the rows and columns `kept` of a symmetric matrix, at their places; 0 elsewhere.
Eigen::MatrixXd inverse_of(const Eigen::MatrixXd& a, const std::vector<Eigen::Index>& kept) {
  const auto n = static_cast<Eigen::Index>(kept.size());
  Eigen::MatrixXd m(n, n);
  Eigen::VectorXd scale(n);
  for (Eigen::Index i = 0; i < n; ++i)
    scale[i] = 1 / std::sqrt(a(kept[static_cast<std::size_t>(i)], kept[static_cast<std::size_t>(i)]));
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j)
      m(i, j) =
          a(kept[static_cast<std::size_t>(i)], kept[static_cast<std::size_t>(j)]) * scale[i] * scale[j] +
          (i == j ? kRidge : 0);
  const Eigen::MatrixXd inverse = m.ldlt().solve(Eigen::MatrixXd::Identity(n, n));
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(a.rows(), a.cols());
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j)
      out(kept[static_cast<std::size_t>(i)], kept[static_cast<std::size_t>(j)]) =
          inverse(i, j) * scale[i] * scale[j];
  return out;
}

// Places in the packed covariance.
enum Parameter { kRa, kDec, kRe, kE1, kE2, kIndex, kFlux };

// Of a bulge: its shape, then its flux per band, by the fit's parameters of disk and bulge.
Eigen::MatrixXd to_bulge(const JointProblem& problem, std::size_t bulge, const JointPoint& point,
                         int before) {
  const FitLayout& layout = problem.layout(bulge);
  Eigen::MatrixXd t = Eigen::MatrixXd::Zero(3 + problem.bands(), before + layout.size + problem.bands());
  if (layout.shapes == 3)
    t.block<3, 3>(0, before + layout.shape) = shape_jacobian(problem.ellipse(bulge, point.at)).inverse();
  for (int b = 0; b < problem.bands(); ++b) t(3 + b, before + layout.size + b) = 1;
  return t;
}

// Errors of a bulge. `covariance`: of the fit's parameters of disk and bulge; `t`: to_catalog() of the disk, and both fluxes.
BulgeErrors bulge_errors(const JointProblem& problem, std::size_t bulge, const JointPoint& point,
                         const Eigen::MatrixXd& covariance, const Eigen::MatrixXd& t) {
  const int before = static_cast<int>(covariance.rows()) - problem.layout(bulge).size - problem.bands();
  const Eigen::MatrixXd to = to_bulge(problem, bulge, point, before);
  const Eigen::MatrixXd own = to * covariance * to.transpose(), with_all = to * covariance * t.transpose();
  const auto inverse = [&](int k) { return own(k, k) > 0 && std::isfinite(own(k, k)) ? 1 / own(k, k) : 0.0; };
  BulgeErrors out{inverse(0), inverse(1), inverse(2), {}, {}};
  for (int b = 0; b < problem.bands(); ++b) {
    const bool known = inverse(3 + b) > 0 && std::isfinite(with_all(3 + b, kFlux + b));
    out.flux_variance.push_back(known ? own(3 + b, 3 + b) : 0);
    out.covariance_with_flux.push_back(known ? with_all(3 + b, kFlux + b) : 0);
  }
  return out;
}

// From the fit's parameters of a source to the catalog's.
Eigen::MatrixXd to_catalog(const JointProblem& problem, std::size_t s, const JointPoint& point) {
  const FitLayout& layout = problem.layout(s);
  Eigen::MatrixXd t = Eigen::MatrixXd::Zero(kFlux + problem.bands(), layout.size + problem.bands());
  if (layout.position >= 0) t(kRa, layout.position) = t(kDec, layout.position + 1) = 1.0 / 3600;
  const SoftenedEllipse shape = problem.ellipse(s, point.at);
  if (layout.shapes == 1) t(kRe, layout.shape) = to_ellipse(shape).re;
  if (layout.shapes == 3) t.block<3, 3>(kRe, layout.shape) = shape_jacobian(shape).inverse();
  if (layout.index >= 0) t(kIndex, layout.index) = 1;
  for (int b = 0; b < problem.bands(); ++b) t(kFlux + b, layout.size + b) = 1;
  return t;
}

}  // namespace

JointResult fit_jointly(std::span<const JointSource> sources, std::span<const JointImage> images,
                        const JointOptions& options) {
  JointProblem problem(sources, images, options);
  JointResult out;
  std::vector<JointPoint> here = problem.start();
  const auto finish = [&](const std::vector<JointPoint>& at) {
    out.work = out.evaluations * problem.drawn_pixels();
    out.models.clear();
    out.measured.clear();
    out.at_position_limit.clear();
    for (std::size_t s = 0; s < sources.size(); ++s) {
      bool seen = false;
      for (int b = 0; b < problem.bands(); ++b) seen = seen || problem.seen(s, b);
      out.measured.push_back(seen);
      const double off = std::max(std::abs(at[s].at.east), std::abs(at[s].at.north));
      out.at_position_limit.push_back(options.fit.position_box_arcsec > 0 &&
                                      problem.layout(s).position >= 0 &&
                                      off > options.fit.position_box_arcsec - kNearPosition);
      out.models.push_back(seen ? problem.model(s, at[s]) : sources[s].model);
      // What no pixel sees goes where what is joined to it goes.
      if (seen || s + 1 == sources.size() || !sources[s + 1].joined || problem.layout(s).position < 0)
        continue;
      const SourceModel to = problem.model(s, at[s]);
      out.models.back().ra = to.ra;
      out.models.back().dec = to.dec;
    }
  };
  JointSums at = problem.evaluate(here);
  ++out.evaluations;
  const double first = at.ln_prior - 0.5 * at.chi2;
  double ln_prob = first;
  finish(here);
  if (!std::isfinite(ln_prob)) {
    out.status = FitStatus::kBadInput;
    for (std::size_t s = 0; s < sources.size(); ++s) out.models[s] = sources[s].model;
    return out;
  }
  if (std::none_of(out.measured.begin(), out.measured.end(), [](bool m) { return m; })) return out;
  std::vector<char> stands(sources.size(), 0);
  Stepper stepper(problem, options, stands);
  Eigen::MatrixXd a;
  Eigen::VectorXd g;
  problem.assemble(here, at, a, g);
  double damping = kFirstDamping;
  out.status = FitStatus::kMaxIterations;
  while (out.evaluations < options.max_iterations) {
    options.fit.cancel.stop_if_asked();
    const Step step = stepper.step(a, g, here, damping);
    const double predicted = step.predicted;
    std::vector<JointPoint> trial = moved(problem, options, here, step);
    if (options.allowed) {
      bool stopped = false;
      for (std::size_t s = 0; s < sources.size(); ++s) {
        if (stands[s] || problem.layout(s).position < 0) continue;
        const SkyPosition to = problem.position(s, trial[s].at);
        if (options.allowed(s, to.ra, to.dec)) continue;
        stands[s] = 1;
        stopped = true;
      }
      if (stopped) continue;
    }
    if (!(predicted > options.min_gain)) {
      // Steps that are small because longer ones failed are not the end of a slope.
      const bool converged = std::isfinite(predicted) && damping <= kFirstDamping;
      out.status = converged ? FitStatus::kConverged : FitStatus::kStalled;
      // What is left may be a good part of one source's sigma. Over a short way the quadratic form is as good as the sum.
      if (!converged || !(predicted > kNothingToGain)) break;
      if (!is_short(problem, step)) {
        const JointSums there = problem.evaluate(trial);
        ++out.evaluations;
        const double gain = there.ln_prior - 0.5 * there.chi2 - ln_prob;
        if (!(gain > 0)) break;
        ln_prob += gain;
      } else {
        ln_prob += predicted;
      }
      here = std::move(trial);
      break;
    }
    if (options.least_improvement > 0 &&
        problem.chi2_of_nothing() + 2 * (ln_prob + kOfPredicted * predicted) < options.least_improvement) {
      out.status = FitStatus::kStalled;
      break;
    }
    JointSums there = problem.evaluate(trial);
    ++out.evaluations;
    const double gain = there.ln_prior - 0.5 * there.chi2 - ln_prob;
    if (!(gain > 0) || !std::isfinite(gain)) {
      damping = std::max(damping * 10, kFirstDamping);
      if (damping > kLargestDamping) {
        out.status = FitStatus::kStalled;
        break;
      }
      continue;
    }
    here = std::move(trial);
    at = std::move(there);
    ln_prob += gain;
    if (gain > kGoodRatio * predicted)
      damping = std::max(damping / 10, kSmallestDamping);
    else if (gain < kPoorRatio * predicted)
      damping *= 4;
    if (gain < options.min_gain && damping <= kFirstDamping) {
      out.status = FitStatus::kConverged;
      break;
    }
    problem.assemble(here, at, a, g);
  }
  out.gain = ln_prob - first;
  out.improvement = problem.chi2_of_nothing() + 2 * ln_prob;
  finish(here);
  return out;
}

std::vector<JointErrors> joint_errors(std::span<const JointSource> sources,
                                      std::span<const JointImage> images, const JointOptions& given) {
  // Without some pairs the matrix need not be positive: its inverse is then of nothing.
  JointOptions options = given;
  options.least_correlation = 0;
  JointProblem problem(sources, images, options);
  std::vector<JointPoint> point = problem.start();
  const std::vector<JointPoint> as_given = point;
  const JointSums sums = problem.evaluate(point);
  Eigen::MatrixXd a;
  Eigen::VectorXd g;
  problem.assemble(as_given, sums, a, g);
  std::vector<Eigen::Index> kept;
  for (Eigen::Index i = 0; i < a.rows(); ++i)
    if (a(i, i) > kNothing && std::isfinite(a(i, i)) && a.row(i).allFinite()) kept.push_back(i);
  const Eigen::MatrixXd all = inverse_of(a, kept);

  std::vector<JointErrors> out;
  for (std::size_t s = 0; s < problem.size(); ++s) {
    if (sources[s].joined && s > 0) continue;
    const FitLayout& layout = problem.layout(s);
    const bool composite = s + 1 < problem.size() && sources[s + 1].joined;
    const Eigen::Index of_bulge = composite ? problem.layout(s + 1).size + problem.bands() : 0;
    const Eigen::Index first = problem.offset(s), n = layout.size + problem.bands() + of_bulge;
    std::vector<Eigen::Index> own;
    for (const Eigen::Index i : kept)
      if (i >= first && i < first + n) own.push_back(i - first);
    const Eigen::MatrixXd alone = inverse_of(a.block(first, first, n, n), own);
    Eigen::MatrixXd t = Eigen::MatrixXd::Zero(kFlux + problem.bands(), n);
    t.leftCols(n - of_bulge) = to_catalog(problem, s, as_given[s]);
    const Eigen::Index bulge_flux = n - problem.bands();  // the bulge's fluxes come last
    for (int b = 0; composite && b < problem.bands(); ++b) t(kFlux + b, bulge_flux + b) = 1;
    Eigen::MatrixXd covariance = t * all.block(first, first, n, n) * t.transpose();
    // Where rounding leaves no variance there is none with others either.
    for (Eigen::Index i = 0; i < covariance.rows(); ++i) {
      if (covariance(i, i) > 0 && std::isfinite(covariance(i, i))) continue;
      covariance.row(i).setZero();
      covariance.col(i).setZero();
    }
    JointErrors e;
    e.know_radius_prior = layout.shapes == 1 && sources[s].round_radius_prior.sigma > 0;
    const auto inverse = [&](int k) {
      return covariance(k, k) > 0 && std::isfinite(covariance(k, k)) ? 1 / covariance(k, k) : 0.0;
    };
    e.inverse_variance.ra = inverse(kRa);
    e.inverse_variance.dec = inverse(kDec);
    e.inverse_variance.re = inverse(kRe);
    e.inverse_variance.e1 = inverse(kE1);
    e.inverse_variance.e2 = inverse(kE2);
    e.inverse_variance.sersic_index = inverse(kIndex);
    for (int b = 0; b < problem.bands(); ++b) {
      e.inverse_variance.flux.push_back(inverse(kFlux + b));
      const double of_all = covariance(kFlux + b, kFlux + b);
      double of_own = alone(layout.size + b, layout.size + b);
      if (composite)
        of_own += alone(bulge_flux + b, bulge_flux + b) + 2 * alone(layout.size + b, bulge_flux + b);
      e.blendedness.push_back(of_all > 0 ? static_cast<float>(std::clamp(1 - of_own / of_all, 0.0, 1.0))
                                         : 0.0F);
    }
    for (Eigen::Index i = 0; i < covariance.rows(); ++i)
      for (Eigen::Index j = 0; j <= i; ++j) {
        const auto v = static_cast<float>(covariance(i, j));
        e.covariance.push_back(std::isfinite(v) ? v : 0.0F);
      }
    if (composite) e.bulge = bulge_errors(problem, s + 1, as_given[s + 1], all.block(first, first, n, n), t);
    out.push_back(std::move(e));
  }
  return out;
}

}  // namespace brickline
