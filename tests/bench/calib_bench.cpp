// How long the sky of a whole chip takes to fit, from its pixels in memory: slopes, noise and a thousand stars.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>

#include "core/calib/sky_fit.h"

namespace brickline {
namespace {

constexpr int kWidth = 2046, kHeight = 4094;

Image<float> chip() {
  std::mt19937 random(3);
  std::normal_distribution<float> noise(0, 20);
  Image<float> pixels(kWidth, kHeight);
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x)
      pixels(x, y) = 2000 + 0.01f * static_cast<float>(x) - 0.005f * static_cast<float>(y) + noise(random);
  std::uniform_int_distribution<int> at_x(15, kWidth - 16), at_y(15, kHeight - 16);
  for (int star = 0; star < 1000; ++star) {
    const int x0 = at_x(random), y0 = at_y(random);
    for (int y = -15; y <= 15; ++y)
      for (int x = -15; x <= 15; ++x)
        pixels(x0 + x, y0 + y) += 5000 * std::exp(-0.1f * static_cast<float>(x * x + y * y));
  }
  return pixels;
}

void BM_SkyOfWholeChip(benchmark::State& state) {
  const Image<float> pixels = chip(), inverse_error(kWidth, kHeight, 1 / 20.f);
  for (auto _ : state)
    benchmark::DoNotOptimize(fit_sky({pixels.view(), inverse_error.view()}, {}).estimates.background);
  state.counters["time_per_pixel"] =
      benchmark::Counter(static_cast<double>(kWidth) * kHeight,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_SkyOfWholeChip)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace brickline

BENCHMARK_MAIN();
