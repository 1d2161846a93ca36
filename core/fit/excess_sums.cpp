#include "core/fit/excess_sums.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace brickline {
namespace {

// The mean of x > 0 that was measured as `measured` with a normal error `sigma`, if exp(-x/expected) was expected of it.
double mean_of_positive(double measured, double sigma, double expected) {
  const double z = (measured - sigma * sigma / expected) / sigma;
  constexpr double kFar = -20;  // below it the tail's ratio is -1/z
  if (!(z > kFar)) return std::isfinite(z) ? -sigma / z : 0;
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
  return sigma * (z + density / (std::erfc(-z / std::numbers::sqrt2) / 2));
}

}  // namespace

void ExcessSums::add(ImageView<const float> residuals, ImageView<const float> inverse_error,
                     const Patch& patch, double flux, double level) {
  const Box box = intersection(patch.box(), residuals.box());
  for (int y = box.y0; y < box.y1; ++y) {
    const float* p = patch.pixels.row(y - patch.y0) - patch.x0;
    const float *r = residuals.row(y), *e = inverse_error.row(y);
    for (int x = box.x0; x < box.x1; ++x) {
      if (!(e[x] > 0)) continue;
      const double signal = flux * (p[x] * e[x]), w = signal * signal, chi = (r[x] - level) * e[x];
      residual += w * chi * chi;
      weight += w;
      square += w * w;
      cube += w * std::abs(signal);
    }
  }
}

void ExcessSums::add(const ExcessSums& other) {
  residual += other.residual;
  weight += other.weight;
  square += other.square;
  cube += other.cube;
}

double ExcessSums::factor() const {
  constexpr double kDeviations = 2, kElectrons = 25;
  if (!(weight > 0)) return 1;
  const double more = residual / weight - 1, sigma = std::sqrt(2 * square) / weight;
  const double photons = mean_of_positive(more, sigma, cube / weight / kElectrons);
  const double by = 1 + std::max({0.0, more - kDeviations * sigma, photons});
  return std::isfinite(by) ? by : 1;
}

}  // namespace brickline
