#include "core/model/galaxy_norm.h"

#include <array>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <vector>

#include "core/model/mixture.h"
#include "core/psf/stamp.h"

namespace brickline {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr int kHalfBox = 32;  // the galaxy is cut to +-32 pixels
// Least size of the periodic picture: leaves the galaxy's far side clear of its next copy.
constexpr int kLeastSize = 128;

double profile_transform(double q) {
  double sum = 0, total = 0;
  for (std::size_t k = 0; k < kExponentialAmplitudes.size(); ++k) {
    sum += kExponentialAmplitudes[k] * std::exp(-2 * kPi * kPi * kExponentialVariances[k] * q);
    total += kExponentialAmplitudes[k];
  }
  return sum / total;
}

}  // namespace

double galaxy_norm(const Image<float>& stamp, const CdMatrix& cd, double re_arcsec) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const double det = cd[0] * cd[3] - cd[1] * cd[2];
  if (stamp.empty() || !std::isfinite(point_source_norm(stamp)) || !(std::abs(det) > 0) ||
      !std::isfinite(det))
    return nan;
  // J = CD^-1 re: pixels per r_e; a round galaxy's shape matrix is J J^T.
  const double f = re_arcsec / 3600 / det;
  const double j0 = cd[3] * f, j1 = -cd[1] * f, j2 = -cd[2] * f, j3 = cd[0] * f;
  const double sxx = j0 * j0 + j1 * j1, sxy = j0 * j2 + j1 * j3, syy = j2 * j2 + j3 * j3;

  int n = kLeastSize;
  while (n < 2 * std::max(stamp.width(), stamp.height())) n *= 2;
  const int half = n / 2;
  std::vector<std::complex<double>> root(n);
  for (int k = 0; k < n; ++k) root[k] = std::polar(1.0, 2 * kPi * k / n);
  const auto phase = [&](long k) { return root[((k % n) + n) % n]; };

  // The stamp's transform along x, for v = 0 .. n/2, row by row.
  const int w = stamp.width(), h = stamp.height(), columns = half + 1;
  std::vector<std::complex<double>> rows(static_cast<std::size_t>(h) * columns);
  for (int y = 0; y < h; ++y)
    for (int v = 0; v < columns; ++v) {
      std::complex<double> sum = 0;
      for (int x = 0; x < w; ++x)
        sum += static_cast<double>(stamp(x, y)) * phase(-static_cast<long>(x - w / 2) * v);
      rows[static_cast<std::size_t>(y) * columns + v] = sum;
    }
  // Then along y, times the profile, and back along y for the rows of the box.
  constexpr int box = 2 * kHalfBox + 1;
  std::vector<std::complex<double>> middle(static_cast<std::size_t>(box) * columns);
  for (int v = 0; v < columns; ++v) {
    std::array<std::complex<double>, box> back{};
    for (int k = 0; k < n; ++k) {
      const int wave = k < half ? k : k - n;
      std::complex<double> sum = 0;
      for (int y = 0; y < h; ++y)
        sum += rows[static_cast<std::size_t>(y) * columns + v] * phase(-static_cast<long>(y - h / 2) * wave);
      const double fx = static_cast<double>(v) / n, fy = static_cast<double>(wave) / n;
      sum *= profile_transform(sxx * fx * fx + 2 * sxy * fx * fy + syy * fy * fy);
      for (int y = 0; y < box; ++y) back[y] += sum * phase(static_cast<long>(y - kHalfBox) * wave);
    }
    for (int y = 0; y < box; ++y)
      middle[static_cast<std::size_t>(y) * columns + v] = back[y] / static_cast<double>(n);
  }
  double sum = 0;
  for (int y = 0; y < box; ++y)
    for (int x = -kHalfBox; x <= kHalfBox; ++x) {
      double value = 0;
      for (int v = 0; v < columns; ++v) {
        const double term =
            (middle[static_cast<std::size_t>(y) * columns + v] * phase(static_cast<long>(x) * v)).real();
        value += v == 0 || v == half ? term : 2 * term;
      }
      value /= n;
      sum += value * value;
    }
  return std::sqrt(sum);
}

}  // namespace brickline
