#include "core/wise/pictures.h"

#include <algorithm>
#include <cmath>

namespace brickline {
namespace {

double clipped(double v) { return std::clamp(v, 0.0, 1.0); }

// A byte as the plane's value that encodes to it.
float plane_value(int byte) { return static_cast<float>((byte + 0.5) / 255); }

}  // namespace

RgbPlanes wise_picture(ImageView<const float> w1, ImageView<const float> w2) {
  constexpr double kScale = 50, kLow = -1, kHigh = 100;  // Vega nanomaggies per pixel; of the stretch
  const double low = std::asinh(kLow), range = std::asinh(kHigh) - low;
  const int w = w1.width(), h = w1.height();
  RgbPlanes out{Image<float>(w, h), Image<float>(w, h), Image<float>(w, h)};
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const double a = w1(x, y) / kScale, b = w2(x, y) / kScale, mean = (a + b) / 2;
      const double gain = mean == 0 ? 0 : std::asinh(mean) / mean;
      const auto byte = [&](double v) { return static_cast<int>(255 * clipped((v * gain - low) / range)); };
      const int blue = byte(a), red = byte(b);
      const int green = static_cast<int>(red / 2.0 + blue / 2.0);
      out.red(x, y) = plane_value(red);
      out.green(x, y) = plane_value(green);
      out.blue(x, y) = plane_value(blue);
    }
  return out;
}

RgbPlanes galex_picture(ImageView<const float> nuv, ImageView<const float> fuv) {
  // Back to photons per second, and the gains of the GALEX project's own pictures.
  const double nuv_rate = std::pow(10, 0.4 * (20.08 - 22.5)), fuv_rate = std::pow(10, 0.4 * (18.82 - 22.5));
  constexpr double kSoftening = 0.5, kFloor = 0.1;
  const int w = nuv.width(), h = nuv.height();
  RgbPlanes out{Image<float>(w, h), Image<float>(w, h), Image<float>(w, h)};
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const double n = 0.206 * 2297 * nuv(x, y) * nuv_rate, f = 1.4 * 1525 * fuv(x, y) * fuv_rate;
      double red = n * 0.085, blue = f * 0.08, green = (0.2 * f + 0.8 * n) * 0.095;
      const double sum = red + green + blue;
      const double gain = sum == 0 ? 0 : std::asinh(kSoftening * sum) / (kSoftening * sum);
      red *= gain;
      green *= gain;
      blue *= gain;
      const double most = std::max({1.0, red, green, blue});
      const auto value = [&](double v) {
        return static_cast<float>(clipped((v + kFloor) / (most + kFloor)));
      };
      out.red(x, y) = value(red);
      out.green(x, y) = value(green);
      out.blue(x, y) = value(blue);
    }
  return out;
}

}  // namespace brickline
