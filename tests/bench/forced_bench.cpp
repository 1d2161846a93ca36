// Forced photometry of one CCD as DECam's: 2046 x 4094 pixels, 3,000 sources, half of them galaxies. Reports CPU seconds
// beyond reading, for what can be measured.
#include <benchmark/benchmark.h>

#include <array>

#include "core/base/resources.h"
#include "tests/forced/synthetic_ccd.h"

namespace brickline {
namespace {

enum What : std::size_t { kFluxes, kApertures, kMotions, kNuclei, kLimits };

void one_ccd(benchmark::State& state) {
  test::SyntheticCcd ccd(2046, 4094, 0.02);
  simulate::Random random(1, simulate::Stream::kStar, {1});
  std::vector<ForcedSource> sources;
  for (int i = 0; i < 3000; ++i) {
    const SkyPosition at = ccd.sky(random.uniform(0, 2046), random.uniform(0, 4094));
    if (i % 2)
      sources.push_back(test::galaxy_at(at, SourceKind::kExp, random.uniform(0.3, 1.2)));
    else
      sources.push_back(test::star_at(at));
    ccd.add_star(at, random.uniform(0.5, 30));
  }
  ccd.add_noise(1);
  ForcedOptions options;
  const auto what = static_cast<What>(state.range(0));
  options.apertures = what == kApertures;
  options.motions = what == kMotions;
  options.nuclei = what == kNuclei;
  options.limits = what == kLimits;
  state.SetLabel(std::array{"fluxes", "--apphot", "--derivs", "--agn", "limits"}[what]);
  double cpu = 0;
  for (auto _ : state) {
    const double start = resource_use().cpu_seconds;
    benchmark::DoNotOptimize(measure_forced(ccd.image, sources, options).rows.size());
    cpu += resource_use().cpu_seconds - start;
  }
  state.counters["cpu_seconds"] = cpu / static_cast<double>(state.iterations());
  state.counters["peak_MB"] = static_cast<double>(resource_use().peak_bytes) / 1e6;
}
BENCHMARK(one_ccd)->DenseRange(kFluxes, kLimits)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace brickline

BENCHMARK_MAIN();
