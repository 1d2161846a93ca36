#include "core/detect/gaussian_filter.h"

#include <algorithm>
#include <cmath>

#include "core/detect/parallel_rows.h"

namespace brickline {
namespace {

// Index i of a line of n elements, reflected with its end elements repeated, as often as it takes.
int reflected(int i, int n) {
  const int period = 2 * n;
  i %= period;
  if (i < 0) i += period;
  return i < n ? i : period - 1 - i;
}

// out[i] += weight * (a[i] + b[i])
void add_pair(float* __restrict__ out, const float* __restrict__ a, const float* __restrict__ b, float weight,
              int n) {
  for (int i = 0; i < n; ++i) out[i] += weight * (a[i] + b[i]);
}

}  // namespace

std::vector<float> gaussian_weights(double sigma) {
  const int radius = static_cast<int>(4 * sigma + 0.5);
  std::vector<double> w(2 * radius + 1);
  double sum = 0;
  for (int k = -radius; k <= radius; ++k) sum += w[k + radius] = std::exp(-0.5 * k * k / (sigma * sigma));
  std::vector<float> out(w.size());
  for (std::size_t i = 0; i < w.size(); ++i) out[i] = static_cast<float>(w[i] / sum);
  return out;
}

Image<float> gaussian_filter(ImageView<const float> image, double sigma) {
  const int w = image.width(), h = image.height();
  const std::vector<float> weights = gaussian_weights(sigma);
  const int radius = static_cast<int>(weights.size()) / 2;
  const float* weight = weights.data() + radius;
  Image<float> out(w, h);
  detect_detail::parallel_row_blocks(0, h, w, [&](int first, int last) {
    // One row smoothed along y, with `radius` reflected elements at each end, then along x.
    std::vector<float> padded(static_cast<std::size_t>(w) + 2 * radius);
    float* column = padded.data() + radius;
    for (int y = first; y < last; ++y) {
      const float* centre = image.row(y);
      for (int x = 0; x < w; ++x) column[x] = weight[0] * centre[x];
      for (int k = 1; k <= radius; ++k)
        add_pair(column, image.row(reflected(y - k, h)), image.row(reflected(y + k, h)), weight[k], w);
      for (int k = 1; k <= radius; ++k) {
        column[-k] = column[reflected(-k, w)];
        column[w - 1 + k] = column[reflected(w - 1 + k, w)];
      }
      float* o = out.row(y);
      for (int x = 0; x < w; ++x) o[x] = weight[0] * column[x];
      for (int k = 1; k <= radius; ++k) add_pair(o, column - k, column + k, weight[k], w);
    }
  });
  return out;
}

}  // namespace brickline
