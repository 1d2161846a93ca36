// Detection per brick pixel and fitting per source, on simulated fields.
#include <benchmark/benchmark.h>

#include "core/blobs/blob_fitter.h"
#include "core/detect/detection.h"
#include "core/detect/residual_sky.h"
#include "tests/support/synthetic_sky.h"

namespace brickline {
namespace {

// Stars and galaxies on a jittered grid, some 30 per square arcmin.
test::SyntheticSky field(int size, int exposures) {
  test::SyntheticSky sky(size, size);
  int i = 0;
  for (int y = 24; y + 24 < size; y += 42)
    for (int x = 24; x + 24 < size; x += 42, ++i) {
      const double dx = 6 * test::noise_at(7, i, 0), dy = 6 * test::noise_at(7, i, 1);
      const double flux = std::pow(10.0, 0.25 * (i % 7));
      if (i % 2)
        sky.add(SourceKind::kPsf, x + dx, y + dy, {flux, 1.5 * flux, 2 * flux});
      else
        sky.add(SourceKind::kExp, x + dx, y + dy, {flux, 1.5 * flux, 2 * flux},
                {0.5 + 0.1 * (i % 9), 0.2, 0.1});
    }
  sky.expose(exposures);
  return sky;
}

void detect(benchmark::State& state) {
  const int size = static_cast<int>(state.range(0));
  const test::SyntheticSky sky = field(size, 3);
  for (auto _ : state) benchmark::DoNotOptimize(detect_sources(sky.images, sky.brick, sky.bands));
  state.counters["ns/pixel"] =
      benchmark::Counter(static_cast<double>(size) * size * static_cast<double>(state.iterations()) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(detect)->Arg(600)->Arg(1200)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

void sky_left(benchmark::State& state) {
  const int size = static_cast<int>(state.range(0));
  const test::SyntheticSky sky = field(size, 3);
  const Image<std::int32_t> blank(size, size, -1);
  for (auto _ : state) benchmark::DoNotOptimize(residual_sky(sky.images, sky.brick, sky.bands, blank.view()));
}
BENCHMARK(sky_left)->Arg(600)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

void fit(benchmark::State& state) {
  const test::SyntheticSky sky = field(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  const Detection found = detect_sources(sky.images, sky.brick, sky.bands);
  BlobFitInput input;
  input.images = sky.images;
  input.brick = sky.brick;
  input.bands = sky.bands;
  input.blobs = &found.blobs;
  input.sources = &found.sources;
  std::size_t sources = 0;
  for (auto _ : state) sources += fit_blobs(input).sources.size();
  state.counters["sources"] = static_cast<double>(sources) / static_cast<double>(state.iterations());
  state.counters["s/source"] = benchmark::Counter(static_cast<double>(sources),
                                                  benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(fit)->Args({300, 2})->Args({300, 3})->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

}  // namespace
}  // namespace brickline

BENCHMARK_MAIN();
