#include "core/resample/lanczos.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <vector>

namespace brickline {
namespace {

constexpr int kRadius = 3;
constexpr int kTaps = 2 * kRadius + 1;

// sin and cos for |a| <= pi/2 by their Taylor series, good to 1e-9: several times cheaper than the library's,
// which a resampled pixel would need four of.
double small_sin(double a) {
  const double a2 = a * a;
  return a * (1 + a2 * (-1. / 6 +
                        a2 * (1. / 120 + a2 * (-1. / 5040 + a2 * (1. / 362880 + a2 * (-1. / 39916800 +
                                                                                      a2 / 6227020800.))))));
}
double small_cos(double a) {
  const double a2 = a * a;
  return 1 +
         a2 * (-1. / 2 +
               a2 * (1. / 24 +
                     a2 * (-1. / 720 + a2 * (1. / 40320 + a2 * (-1. / 3628800 + a2 * (1. / 479001600. -
                                                                                      a2 / 87178291200.))))));
}

// Seven weights and a zero, so that they fill vectors.
struct Weights {
  alignas(16) std::array<float, 8> w{};
  explicit Weights(const std::array<float, kTaps>& seven) {
    std::copy(seven.begin(), seven.end(), w.begin());
  }
  Weights() = default;
};

// Weights by the fraction of a pixel, between nodes 1/kBins of a pixel apart linear: good to 2e-7.
class WeightTable {
 public:
  WeightTable() {
    for (int i = 0; i <= kBins; ++i)
      nodes_[i] = Weights(lanczos3_weights(static_cast<double>(i) / kBins - 0.5));
  }
  Weights at(float d) const {
    const float place = (d + 0.5f) * kBins;
    if (!(place >= 0 && place <= kBins)) return Weights(lanczos3_weights(d));
    const int bin = std::min(static_cast<int>(place), kBins - 1);
    const float fraction = place - static_cast<float>(bin);
    const std::array<float, 8>&a = nodes_[bin].w, &b = nodes_[bin + 1].w;
    Weights out;
    for (int k = 0; k < 8; ++k) out.w[k] = a[k] + fraction * (b[k] - a[k]);
    return out;
  }

 private:
  static constexpr int kBins = 4096;
  std::array<Weights, kBins + 1> nodes_;
};

const WeightTable& weight_table() {
  static const WeightTable table;
  return table;
}

// Four floats, in registers that every processor of the kind has.
typedef float Four __attribute__((vector_size(16)));
Four load(const float* from) {
  Four v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

float interpolate(const ImageView<const float>& input, int ix, int iy, const Weights& wx, const Weights& wy) {
  // Eight pixels of a row are read, the last with weight 0.
  if (ix >= kRadius && ix + kRadius + 1 < input.width() && iy >= kRadius && iy + kRadius < input.height()) {
    const float* pixels = input.row(iy - kRadius) + ix - kRadius;
    Four left{}, right{};
    for (int l = 0; l < kTaps; ++l, pixels += input.stride()) {
      left += wy.w[l] * load(pixels);
      right += wy.w[l] * load(pixels + 4);
    }
    const Four both = left * load(&wx.w[0]) + right * load(&wx.w[4]);
    return (both[0] + both[1]) + (both[2] + both[3]);
  }
  float sum = 0;
  for (int l = 0; l < kTaps; ++l) {
    const float* pixels = input.row(std::clamp(iy + l - kRadius, 0, input.height() - 1));
    float along = 0;
    for (int k = 0; k < kTaps; ++k)
      along += wx.w[k] * pixels[std::clamp(ix + k - kRadius, 0, input.width() - 1)];
    sum += wy.w[l] * along;
  }
  return sum;
}

}  // namespace

std::array<float, 7> lanczos3_weights(double d) {
  std::array<float, kTaps> weights{};
  // L(k-d) = -3/pi^2 sin(pi d) (-1)^k sin(pi (k-d)/3) / (k-d)^2: what does not depend on k goes with the
  // normalisation. On a pixel all weights but its own vanish.
  constexpr double kOnPixel = 1e-7;
  const double nearest = std::nearbyint(d);
  if (std::abs(d - nearest) < kOnPixel) {
    weights[std::clamp(static_cast<int>(nearest), -kRadius, kRadius) + kRadius] = 1;
    return weights;
  }
  const double angle = std::numbers::pi / 3 * d, s = small_sin(angle), c = small_cos(angle);
  constexpr double kHalfRoot3 = std::numbers::sqrt3 / 2;
  // (-1)^k sin(k pi/3) and (-1)^k cos(k pi/3), k = -3..3.
  constexpr std::array<double, kTaps> kSin{0, -kHalfRoot3, kHalfRoot3, 0, -kHalfRoot3, kHalfRoot3, 0};
  constexpr std::array<double, kTaps> kCos{1, -0.5, -0.5, 1, -0.5, -0.5, 1};
  std::array<double, kTaps> w;
  double sum = 0;
  for (int k = 0; k < kTaps; ++k) {
    const double t = k - kRadius - d;
    w[k] = std::abs(t) < kRadius ? (kSin[k] * c - kCos[k] * s) / (t * t) : 0.0;
    sum += w[k];
  }
  for (int k = 0; k < kTaps; ++k) weights[k] = static_cast<float>(w[k] / sum);
  return weights;
}

float lanczos3_at(ImageView<const float> input, int ix, int iy, double dx, double dy) {
  const WeightTable& table = weight_table();
  return interpolate(input, ix, iy, table.at(static_cast<float>(dx)), table.at(static_cast<float>(dy)));
}

void lanczos3_row(ImageView<const float> input, const PixelMapping::Row& row, std::span<float> out) {
  lanczos3_row(std::span(&input, 1), row, std::span(&out, 1));
}

void lanczos3_row(std::span<const ImageView<const float>> inputs, const PixelMapping::Row& row,
                  std::span<const std::span<float>> outs) {
  lanczos3_row(inputs, row, outs, 0, row.size());
}

void lanczos3_row(std::span<const ImageView<const float>> inputs, const PixelMapping::Row& row,
                  std::span<const std::span<float>> outs, int begin, int end) {
  const WeightTable& table = weight_table();
  for (int i = begin; i < end; ++i) {
    if (row.ix[i] < 0) continue;
    const Weights wx = table.at(row.dx[i]), wy = table.at(row.dy[i]);
    for (std::size_t n = 0; n < inputs.size(); ++n)
      outs[n][i] = interpolate(inputs[n], row.ix[i], row.iy[i], wx, wy);
  }
}

Image<float> resample_lanczos3(const PixelMapping& mapping, ImageView<const float> input, float outside) {
  Image<float> out(mapping.box().width(), mapping.box().height(), outside);
  PixelMapping::Row row;
  for (int y = 0; y < out.height(); ++y)
    if (mapping.map_row(mapping.box().y0 + y, row))
      lanczos3_row(input, row, std::span<float>(out.row(y), static_cast<std::size_t>(out.width())));
  return out;
}

Image<std::uint8_t> coverage(const PixelMapping& mapping) {
  Image<std::uint8_t> out(mapping.box().width(), mapping.box().height());
  for_each_mapped_pixel(mapping,
                        [&](int x, int y, int, int) { out(x - mapping.box().x0, y - mapping.box().y0) = 1; });
  return out;
}

}  // namespace brickline
