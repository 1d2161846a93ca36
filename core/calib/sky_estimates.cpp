#include "core/calib/sky_estimates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace brickline {
namespace {

// Counts of the values in bins of equal width; the last bin holds its upper edge, too.
std::vector<double> histogram(const SortedValues& values, double lo, double hi, int bins) {
  std::vector<double> counts(static_cast<std::size_t>(bins));
  const auto edge = [&](int i) { return lo + (hi - lo) * i / bins; };
  std::size_t below = values.count_below(lo);
  for (int i = 0; i < bins; ++i) {
    const std::size_t next =
        i + 1 < bins ? values.count_below(edge(i + 1))
                     : values.count_below(std::nextafter(hi, std::numeric_limits<double>::infinity()));
    counts[static_cast<std::size_t>(i)] = static_cast<double>(next - below);
    below = next;
  }
  return counts;
}

// Solves the three normal equations of a + b x + c x^2 by elimination; false if they are degenerate.
bool fit_parabola(const std::vector<double>& x, const std::vector<double>& y, double& b, double& c) {
  double m[3][4] = {};
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double powers[3] = {1, x[i], x[i] * x[i]};
    for (int r = 0; r < 3; ++r) {
      for (int k = 0; k < 3; ++k) m[r][k] += powers[r] * powers[k];
      m[r][3] += powers[r] * y[i];
    }
  }
  for (int k = 0; k < 3; ++k) {
    if (!(std::abs(m[k][k]) > 0)) return false;
    for (int r = k + 1; r < 3; ++r) {
      const double f = m[r][k] / m[k][k];
      for (int j = k; j < 4; ++j) m[r][j] -= f * m[k][j];
    }
  }
  c = m[2][3] / m[2][2];
  b = (m[1][3] - m[1][2] * c) / m[1][1];
  return true;
}

// One step of growing by the four neighbours; nothing grows in from outside.
Image<std::uint8_t> grown(const Image<std::uint8_t>& in) {
  Image<std::uint8_t> out(in);
  const int width = in.width(), height = in.height();
  for (int y = 0; y < height; ++y) {
    std::uint8_t* o = out.row(y);
    const std::uint8_t* c = in.row(y);
    for (int x = 1; x < width; ++x) o[x] |= c[x - 1];
    for (int x = 0; x + 1 < width; ++x) o[x] |= c[x + 1];
    for (const int other : {y - 1, y + 1})
      if (other >= 0 && other < height) {
        const std::uint8_t* n = in.row(other);
        for (int x = 0; x < width; ++x) o[x] |= n[x];
      }
  }
  return out;
}

}  // namespace

double mode(const SortedValues& values) {
  constexpr int kBins = 30, kFineBins = 29;
  constexpr double kLeft = 0.5, kRight = 0.8;  // of the peak's count, where its part ends
  const double lo = values.percentile(1), hi = values.percentile(70);
  if (!(hi > lo)) return 0;
  const std::vector<double> counts = histogram(values, lo, hi, kBins);
  const int peak = static_cast<int>(std::max_element(counts.begin(), counts.end()) - counts.begin());
  int left = peak, right = peak;
  while (left > 0 && counts[left] >= kLeft * counts[peak]) --left;
  while (right < kBins - 1 && counts[right] >= kRight * counts[peak]) ++right;
  const auto centre = [&](int i) { return lo + (hi - lo) * (i + 0.5) / kBins; };
  const double low = centre(left), high = centre(right);
  if (!(high > low)) return 0;
  const std::vector<double> fine = histogram(values, low, high, kFineBins);
  std::vector<double> x, y;
  for (int i = 0; i < kFineBins; ++i) {
    x.push_back((2 * i + 1.0) / kFineBins - 1);
    y.push_back(std::log10(std::max(1., fine[i])));
  }
  double b = 0, c = 0;
  if (!fit_parabola(x, y, b, c) || c == 0) return 0;
  const double top = (low + high) / 2 - b / (2 * c) * (high - low) / 2;
  return std::isfinite(top) ? top : 0;
}

std::vector<float> chosen(ImageView<const float> pixels, ImageView<const std::uint8_t> good) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(count(good)));
  for (int y = 0; y < pixels.height(); ++y)
    for (int x = 0; x < pixels.width(); ++x)
      if (good(x, y)) values.push_back(pixels(x, y));
  return values;
}

std::int64_t count(ImageView<const std::uint8_t> flags) {
  std::int64_t n = 0;
  for (int y = 0; y < flags.height(); ++y)
    n += std::accumulate(flags.row(y), flags.row(y) + flags.width(), std::int64_t{0},
                         [](std::int64_t sum, std::uint8_t v) { return sum + (v != 0); });
  return n;
}

Image<std::uint8_t> stands_out(ImageView<const float> pixels, double level, double sig1,
                               const SkyEstimateOptions& options) {
  const int width = pixels.width(), height = pixels.height(), half = options.box / 2;
  const auto zero = static_cast<float>(level);
  // The sum of the box against the limit of the mean times its pixels.
  const auto limit =
      static_cast<float>(options.detection_sigma * sig1 / options.box * options.box * options.box);
  // Sums along the rows, of as many rows as a box is high.
  Image<float> along(width, options.box);
  std::vector<float> padded(static_cast<std::size_t>(width) + 2 * half), sum(width);
  const auto fill = [&](int y) {
    float* out = along.row(y % options.box);
    if (y >= height) {
      std::fill(out, out + width, 0.f);
      return;
    }
    const float* in = pixels.row(y);
    for (int x = 0; x < width; ++x) padded[x + half] = in[x] - zero;
    std::fill(out, out + width, 0.f);
    for (int k = 0; k < options.box; ++k)
      for (int x = 0; x < width; ++x) out[x] += padded[x + k];
  };
  for (int y = 0; y < half; ++y) fill(y);
  Image<std::uint8_t> out(width, height);
  for (int y = 0; y < height; ++y) {
    fill(y + half);
    std::fill(sum.begin(), sum.end(), 0.f);
    for (int k = 0; k < options.box; ++k) {
      const float* row = along.row(k);
      for (int x = 0; x < width; ++x) sum[x] += row[x];
    }
    std::uint8_t* o = out.row(y);
    for (int x = 0; x < width; ++x) o[x] = std::abs(sum[x]) > limit;
  }
  for (int i = 0; i < options.dilations; ++i) out = grown(out);
  return out;
}

SkyEstimates sky_estimates(ImageView<const float> pixels, ImageView<const float> inverse_error,
                           ImageView<const std::uint8_t> good, const SkyEstimateOptions& options) {
  SkyEstimates e;
  e.sig1 = 1 / double{SortedValues(chosen(inverse_error, good)).median()};
  {
    const SortedValues values(chosen(pixels, good));
    e.mode = mode(values);
    e.median = values.median();
    e.clipped = values.median(values.clipped(options.clip_sigma));
  }
  e.background = e.clipped;
  const Image<std::uint8_t> sources = stands_out(pixels, e.clipped, e.sig1, options);
  std::vector<float> left;
  for (int y = 0; y < pixels.height(); ++y)
    for (int x = 0; x < pixels.width(); ++x)
      if (good(x, y) && !sources(x, y)) left.push_back(pixels(x, y));
  if (left.size() > options.min_pixels) {
    const SortedValues values(std::move(left));
    const SortedValues::Range kept = values.clipped(options.clip_sigma);
    if (kept.size() > 0) e.background = values.median(kept);
  }
  return e;
}

}  // namespace brickline
