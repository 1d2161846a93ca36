#include "tools/simulate_survey/sersic_profile.h"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>

namespace brickline::simulate {
namespace {

// Grids, in units of kStep of ln r and ln k. Radii of weight outside [kFirstRadius, kLastRadius) do not
// matter for 0.3 <= n <= 8; wave numbers beyond the table are met by no PSF.
constexpr double kStep = 0.002;
constexpr int kFirstRadius = -5000, kLastRadius = 5500;            // 4.5e-5 .. 6e4 half-light radii
constexpr int kFirstWave = -6000, kWaveStride = 16, kWaves = 900;  // 6.1e-6 .. 2e7
constexpr int kLastWave = kFirstWave + kWaveStride * (kWaves - 1);

// 2 J1(x)/x at x = exp(kStep (i + kFirstRadius + kFirstWave)); beyond x = 1500, where neighbouring values no
// longer follow the oscillation, its mean 0 (the amplitude there is 3e-5 and averages away over any profile).
const std::vector<double>& disc_kernel() {
  static const std::vector<double> kernel = [] {
    std::vector<double> k(kLastRadius - kFirstRadius + kLastWave - kFirstWave + 1);
    for (std::size_t i = 0; i < k.size(); ++i) {
      const double x = std::exp(kStep * (static_cast<int>(i) + kFirstRadius + kFirstWave));
      k[i] = x < 1e-4 ? 1 - x * x / 8 : x < 1500 ? 2 * std::cyl_bessel_j(1.0, x) / x : 0;
    }
    return k;
  }();
  return kernel;
}

}  // namespace

SersicProfile::SersicProfile(double n, double end)
    : n_(n), b_(boost::math::gamma_p_inv(2 * n, 0.5)), end_(end), table_(kWaves) {
  share_ = std::isinf(end) ? 1 : boost::math::gamma_p(2 * n, b_ * std::pow(end, 1 / n));
  central_brightness_ = std::pow(b_, 2 * n) / (2 * std::numbers::pi * n * std::tgamma(2 * n) * share_);
  const std::vector<double>& kernel = disc_kernel();
  std::vector<double> weights(kLastRadius - kFirstRadius);
  const auto weight = [&](double index) {
    const double t = b_ * std::exp(kStep * (index + kFirstRadius) / n);
    return std::exp((2 * n + 1) * std::log(t) - t);
  };
  const double end_index = std::log(end) / kStep - kFirstRadius;
  for (std::size_t i = 0; i < weights.size() && static_cast<double>(i) <= end_index; ++i)
    weights[i] = weight(static_cast<double>(i));
  if (end_index < static_cast<double>(weights.size() - 1)) {
    // The trapezoids up to the end, and the disc of what is left there, between the two radii next to it.
    const auto i = static_cast<std::size_t>(end_index);
    const double beyond = end_index - static_cast<double>(i);
    const double t = b_ * std::pow(end, 1 / n), disc = n / kStep * std::exp(2 * n * std::log(t) - t);
    weights[i] = weights[i] * (1 + beyond) / 2 + weight(end_index) * beyond / 2 + disc * (1 - beyond);
    weights[i + 1] = disc * beyond;
  }
  double sum = 0;
  for (double w : weights) sum += w;
  std::size_t first = 0, last = weights.size();
  while (first < last && weights[first] < 1e-11 * sum * kStep) ++first;
  while (last > first && weights[last - 1] < 1e-11 * sum * kStep) --last;
  for (int w = 0; w < kWaves; ++w) {
    const double* k = kernel.data() + w * kWaveStride;
    double value = 0;
    for (std::size_t i = first; i < last; ++i) value += weights[i] * k[i];
    table_[w] = value / sum;
  }
}

double SersicProfile::transform(double log_k) const {
  constexpr double kPerWave = 1 / (kStep * kWaveStride);
  const double t = (log_k - kStep * kFirstWave) * kPerWave;
  if (!(t >= 1)) return 1;
  if (t >= kWaves - 3) return 0;
  const int i = static_cast<int>(t);
  const double f = t - i;
  const double* v = table_.data() + i;
  // Four-point Lagrange interpolation.
  return v[-1] * (-f * (f - 1) * (f - 2) / 6) + v[0] * ((f * f - 1) * (f - 2) / 2) +
         v[1] * (-f * (f + 1) * (f - 2) / 2) + v[2] * (f * (f * f - 1) / 6);
}

double SersicProfile::enclosed(double radius) const {
  return radius >= end_ ? 1 : boost::math::gamma_p(2 * n_, b_ * std::pow(radius, 1 / n_)) / share_;
}

double SersicProfile::radius_enclosing(double share) const {
  return std::pow(boost::math::gamma_p_inv(2 * n_, share * share_) / b_, n_);
}

double SersicProfile::radius_of_brightness(double brightness) const {
  const double t = std::log(central_brightness_ / brightness);
  return t <= 0 ? 0 : std::min(end_, std::pow(t / b_, n_));
}

}  // namespace brickline::simulate
