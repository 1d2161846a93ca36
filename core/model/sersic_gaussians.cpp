#include "core/model/sersic_gaussians.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "core/model/cubic_spline.h"

namespace brickline {
namespace {

constexpr int kSersicComponents = Mixture::kMaxComponents, kExponentialComponents = 6;
// Of u, in re^2: components narrower than 0.05 re and wider than 7 re lie closer and closer together.
constexpr double kLogCore = -6, kLogWing = 4;

double u_of(double variance) {
  static const double core = std::exp(kLogCore), wing = std::exp(kLogWing);
  return std::log((variance + core) / (1 + variance / wing));
}
double variance_of(double u) {
  static const double core = std::exp(kLogCore), wing = std::exp(kLogWing);
  const double e = std::exp(u);
  return (e - core) / (1 - e / wing);
}

struct Light {
  double u, amount;
};

// The profile's light over u in many points: the trapezoidal rule in s = ln(phi/(pi - phi)) and t = ln W, in which the
// integrand falls off exponentially on all sides.
std::vector<Light> distribution(double n) {
  constexpr double pi = std::numbers::pi, step_s = 0.25, far_s = 18, far_t = 4.6, negligible = 1e-13;
  const double alpha = 1 / (2 * n), power = (1 - alpha) / alpha;
  // The light falls off as W^(1 + power) towards 0.
  const double step_t = 0.15 / (1 + power / 4), first_t = -2 - 30 / (1 + power);
  struct Factor {
    double variance, weight;
  };
  std::vector<Factor> by_w;
  for (double t = first_t; t < far_t; t += step_t)
    by_w.push_back({std::exp(power * t), std::exp(t - std::exp(t))});
  const double b = boost::math::gamma_p_inv(2 * n, 0.5), log_unit = -2 * n * std::log(b) - std::numbers::ln2;
  std::vector<Light> out;
  double sum = 0;
  for (double s = -far_s; s < far_s; s += step_s) {
    const double phi = pi / (1 + std::exp(-s)), rest = pi / (1 + std::exp(s));
    const double log_a = alpha * std::log(std::sin(alpha * phi)) +
                         (1 - alpha) * std::log(std::sin((1 - alpha) * phi)) -
                         std::log(std::sin(std::min(phi, rest)));  // (1 - alpha) ln A
    const double variance = std::exp(log_unit - log_a / alpha);
    for (const Factor& w : by_w) {
      const double v = variance * w.variance, amount = phi * rest * w.weight * v;
      if (amount < negligible) continue;
      out.push_back({u_of(v), amount});
      sum += amount;
    }
  }
  for (Light& l : out) l.amount /= sum;
  return out;
}

struct Component {
  double amplitude, variance;
};

// Gauss's quadrature of the distribution: nodes are the eigenvalues of the Jacobi matrix of its orthogonal polynomials,
// weights the squares of the eigenvectors' first elements. In order of variance.
std::vector<Component> quadrature(double n, int count) {
  const std::vector<Light> light = distribution(n);
  Eigen::VectorXd diagonal(count), beside(count - 1);
  std::vector<double> before(light.size(), 0), now(light.size(), 1);  // values of the orthonormal polynomials
  double last = 0;
  for (int k = 0; k < count; ++k) {
    double mean = 0;
    for (std::size_t i = 0; i < light.size(); ++i) mean += light[i].amount * now[i] * now[i] * light[i].u;
    diagonal[k] = mean;
    if (k + 1 == count) break;
    double norm = 0;
    for (std::size_t i = 0; i < light.size(); ++i) {
      const double next = (light[i].u - mean) * now[i] - last * before[i];
      before[i] = now[i];
      now[i] = next;
      norm += light[i].amount * next * next;
    }
    last = beside[k] = std::sqrt(norm);
    for (double& p : now) p /= last;
  }
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
  solver.computeFromTridiagonal(diagonal, beside);
  std::vector<Component> out;
  for (int k = 0; k < count; ++k) {
    const double first = solver.eigenvectors()(0, k);
    out.push_back({first * first, variance_of(solver.eigenvalues()[k])});
  }
  return out;
}

Mixture mixture_of(std::span<const Component> components) {
  Mixture m;
  m.size = static_cast<int>(components.size());
  for (int k = 0; k < m.size; ++k) {
    m.amplitude[k] = components[k].amplitude;
    m.variance[k] = components[k].variance;
  }
  return m;
}

// Knots lie evenly in ln(n - kOrigin): near the Gaussian amplitudes change within some hundredths of n.
constexpr double kOrigin = 0.49;
constexpr int kKnots = 56;

struct ComponentSpline {
  CubicSpline amplitude, log_variance;
};

std::vector<ComponentSpline> make_splines() {
  // At the Gaussian itself the distribution is a point.
  constexpr double least = kMinWholeSersicIndex + 1e-5;
  const double first = std::log(least - kOrigin), last = std::log(kMaxWholeSersicIndex - kOrigin);
  std::vector<double> x;
  std::vector<std::vector<double>> amplitude(kSersicComponents), log_variance(kSersicComponents);
  for (int i = 0; i < kKnots; ++i) {
    x.push_back(first + (last - first) * i / (kKnots - 1));
    const std::vector<Component> at = quadrature(kOrigin + std::exp(x.back()), kSersicComponents);
    for (int k = 0; k < kSersicComponents; ++k) {
      amplitude[k].push_back(at[k].amplitude);
      log_variance[k].push_back(std::log(at[k].variance));
    }
  }
  std::vector<ComponentSpline> out;
  for (int k = 0; k < kSersicComponents; ++k)
    out.push_back({CubicSpline(x, amplitude[k]), CubicSpline(x, log_variance[k])});
  return out;
}

}  // namespace

Mixture whole_sersic_mixture(double n) {
  static const std::vector<ComponentSpline> splines = make_splines();
  n = std::clamp(n, kMinWholeSersicIndex, kMaxWholeSersicIndex);
  const double x = std::log(n - kOrigin), x_dn = 1 / (n - kOrigin);
  Mixture m;
  m.size = kSersicComponents;
  double sum = 0, sum_dn = 0;
  for (int k = 0; k < m.size; ++k) {
    const CubicSpline::Value a = splines[k].amplitude.at(x), v = splines[k].log_variance.at(x);
    m.amplitude[k] = a.value;
    m.amplitude_dn[k] = a.slope * x_dn;
    m.variance[k] = std::exp(v.value);
    m.variance_dn[k] = m.variance[k] * v.slope * x_dn;
    sum += a.value;
    sum_dn += m.amplitude_dn[k];
  }
  for (int k = 0; k < m.size; ++k) {
    m.amplitude[k] /= sum;
    m.amplitude_dn[k] = (m.amplitude_dn[k] - m.amplitude[k] * sum_dn) / sum;
  }
  return m;
}

Mixture whole_exponential_mixture() {
  static const Mixture m = mixture_of(quadrature(1, kExponentialComponents));
  return m;
}

Mixture whole_de_vaucouleurs_mixture() {
  static const Mixture m = mixture_of(quadrature(4, kSersicComponents));
  return m;
}

}  // namespace brickline
