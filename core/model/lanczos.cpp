#include "core/model/lanczos.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

namespace brickline {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kHalfRoot3 = 0.86602540378443864676;
// sin and cos of k pi/3, k = -3..3.
constexpr double kSin[7] = {0, -kHalfRoot3, -kHalfRoot3, 0, kHalfRoot3, kHalfRoot3, 0};
constexpr double kCos[7] = {-1, -0.5, 0.5, 1, 0.5, -0.5, -1};

// The filters at delta = -1/2 + node/kSteps.
constexpr int kSteps = 100;
using Filters = std::array<std::array<double, kSlopeTaps>, kSteps + 1>;

// x of a x = b for a symmetric positive matrix.
std::array<double, kSlopeTaps> solve(std::array<std::array<double, kSlopeTaps>, kSlopeTaps> a,
                                     std::array<double, kSlopeTaps> b) {
  for (int i = 0; i < kSlopeTaps; ++i)
    for (int row = i + 1; row < kSlopeTaps; ++row) {
      const double factor = a[row][i] / a[i][i];
      for (int k = i; k < kSlopeTaps; ++k) a[row][k] -= factor * a[i][k];
      b[row] -= factor * b[i];
    }
  for (int i = kSlopeTaps - 1; i >= 0; --i) {
    for (int k = i + 1; k < kSlopeTaps; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  return b;
}

Filters slope_filters() {
  constexpr int kFrequencies = 48;        // above 0, up to
  constexpr double kHighest = 2.4;        // radians per pixel
  constexpr double kPsfSigma = 1.3;       // pixels: frequencies count by the square of its transform,
  constexpr double kLeastWeight = 1e-4;   // and at least so much
  constexpr double kConstantsStay = 1e6;  // weight of frequency 0: nothing comes of a constant
  Filters out{};
  for (int node = 0; node <= kSteps; ++node) {
    const LanczosTaps taps = lanczos_taps(-0.5 + static_cast<double>(node) / kSteps);
    std::array<std::array<double, kSlopeTaps>, kSlopeTaps> a{};
    std::array<double, kSlopeTaps> b{};
    for (auto& row : a) row.fill(kConstantsStay);
    for (int f = 1; f <= kFrequencies; ++f) {
      const double w = kHighest * f / kFrequencies;
      const double weight = std::exp(-w * w * kPsfSigma * kPsfSigma) + kLeastWeight;
      std::complex<double> value = 0, slope = 0;
      for (int k = -3; k <= 3; ++k) {
        value += taps.taps[k + 3] * std::polar(1.0, w * k);
        slope += taps.slope[k + 3] * std::polar(1.0, w * k);
      }
      const std::complex<double> wanted = slope / value;
      for (int i = 0; i < kSlopeTaps; ++i) {
        b[i] += weight * std::real(std::polar(1.0, -w * (i - kSlopeReach)) * wanted);
        for (int k = 0; k < kSlopeTaps; ++k) a[i][k] += weight * std::cos(w * (i - k));
      }
    }
    out[node] = solve(a, b);
  }
  return out;
}

}  // namespace

SlopeFilter lanczos_slope_filter(double delta) {
  static const Filters filters = slope_filters();
  const double place = std::clamp((delta + 0.5) * kSteps, 0.0, static_cast<double>(kSteps));
  const int node = std::min(static_cast<int>(place), kSteps - 1);
  const double part = place - node;
  SlopeFilter out{};
  for (int k = 0; k < kSlopeTaps; ++k)
    out[k] = static_cast<float>((1 - part) * filters[node][k] + part * filters[node + 1][k]);
  return out;
}

LanczosTaps lanczos_taps(double delta) {
  const double s1 = std::sin(kPi * delta), c1 = std::cos(kPi * delta);
  const double s3 = std::sin(kPi * delta / 3), c3 = std::cos(kPi * delta / 3);
  LanczosTaps out{};
  double sum = 0, slope_sum = 0;
  for (int i = 0; i < 7; ++i) {
    const double x = i - 3 + delta;
    double value = 0, slope = 0;
    if (std::abs(x) < 1e-4) {
      value = 1 - kPi * kPi * x * x * 5 / 27;
      slope = -kPi * kPi * x * 10 / 27;
    } else if (std::abs(x) < 3) {
      const double sign = (i - 3) % 2 ? -1 : 1;
      const double sine = sign * s1, cosine = sign * c1;
      const double sine3 = s3 * kCos[i] + c3 * kSin[i], cosine3 = c3 * kCos[i] - s3 * kSin[i];
      value = 3 * sine * sine3 / (kPi * kPi * x * x);
      slope = 3 * (kPi * cosine * sine3 + kPi / 3 * sine * cosine3) / (kPi * kPi * x * x) - 2 * value / x;
    }
    out.taps[i] = value;
    out.slope[i] = slope;
    sum += value;
    slope_sum += slope;
  }
  for (int i = 0; i < 7; ++i) {
    out.taps[i] /= sum;
    out.slope[i] = (out.slope[i] - out.taps[i] * slope_sum) / sum;
  }
  return out;
}

}  // namespace brickline
