#include "core/forced/windowed_centroid.h"

#include <algorithm>
#include <cmath>

namespace brickline {
namespace {

constexpr double kWindowSigmas = 5;
constexpr int kMostSteps = 10;
constexpr double kShortStep = 1e-4;  // pixels

struct Window {
  Box box;  // of pixels that are looked at
  bool edge = false;
  double radius = 0, sigma = 0;

  Window(int width, int height, double x, double y, double sigma_pixels)
      : radius(kWindowSigmas * sigma_pixels), sigma(sigma_pixels) {
    const auto whole = [](double v) { return static_cast<int>(std::nearbyint(std::clamp(v, -1e8, 1e8))); };
    box = {std::max(0, whole(x - radius - 1)), std::min(width, whole(x + radius + 2)),
           std::max(0, whole(y - radius - 1)), std::min(height, whole(y + radius + 2))};
    edge = box.x0 == 0 || box.y0 == 0 || box.x1 == width || box.y1 == height;
  }

  // f(x, y, weight) for the pixels in the window about (cx, cy).
  template <typename F>
  void for_each(double cx, double cy, const F& f) const {
    for (int y = box.y0; y < box.y1; ++y)
      for (int x = box.x0; x < box.x1; ++x) {
        const double dx = x - cx, dy = y - cy, r2 = dx * dx + dy * dy;
        if (r2 < radius * radius) f(x, y, std::exp(-0.5 * r2 / (sigma * sigma)));
      }
  }
};

}  // namespace

WindowedCentroid windowed_centroid(ImageView<const float> pixels, double x, double y, double sigma_pixels) {
  WindowedCentroid out{x, y};
  if (!std::isfinite(x) || !std::isfinite(y) || !(sigma_pixels > 0)) return out;
  const Window window(pixels.width(), pixels.height(), x, y, sigma_pixels);
  out.edge = window.edge;
  for (int step = 0; step < kMostSteps; ++step) {
    double sum = 0, sum_x = 0, sum_y = 0;
    window.for_each(out.x, out.y, [&](int px, int py, double w) {
      const double light = w * pixels(px, py);
      sum += light;
      sum_x += light * (px - out.x);
      sum_y += light * (py - out.y);
    });
    if (sum == 0 || !std::isfinite(sum)) return out;
    const double dx = 2 * sum_x / sum, dy = 2 * sum_y / sum;
    out.x += dx;
    out.y += dy;
    if (std::hypot(dx, dy) < kShortStep) {
      out.converged = true;
      return out;
    }
  }
  return out;
}

double masked_share_of_window(ImageView<const float> inverse_error, double x0, double y0, double x, double y,
                              double sigma_pixels) {
  double sum = 0, masked = 0;
  Window(inverse_error.width(), inverse_error.height(), x0, y0, sigma_pixels)
      .for_each(x, y, [&](int px, int py, double w) {
        sum += w;
        if (!(inverse_error(px, py) > 0)) masked += w;
      });
  return sum > 0 ? masked / sum : 0;
}

}  // namespace brickline
