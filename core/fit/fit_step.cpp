#include <algorithm>
#include <cmath>
#include <limits>

#include "core/fit/fit_workspace.h"
#include "core/model/shape.h"

namespace brickline {

FitPoint SourceFitter::Workspace::step(const FitPoint& from, const FitSurface& at, double damping,
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
  FitPoint to = from;
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

}  // namespace brickline
