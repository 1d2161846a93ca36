#include "core/model/lanczos.h"

#include <cmath>
#include <numbers>

namespace brickline {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kHalfRoot3 = 0.86602540378443864676;
// sin and cos of k pi/3, k = -3..3.
constexpr double kSin[7] = {0, -kHalfRoot3, -kHalfRoot3, 0, kHalfRoot3, kHalfRoot3, 0};
constexpr double kCos[7] = {-1, -0.5, 0.5, 1, 0.5, -0.5, -1};

}  // namespace

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
