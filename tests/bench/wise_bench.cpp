// unWISE photometry of a whole brick: 5,000 sources in four bands and 17 epochs of two, on simulated coadds. Reports
// CPU seconds of all threads and the process's greatest resident size.
#include <benchmark/benchmark.h>

#include <memory>

#include "core/base/resources.h"
#include "tests/wise/simulated_sky.h"

namespace brickline {
namespace {

void whole_brick(benchmark::State& state) {
  simulate::SimulationOptions o;
  o.size = 3400;
  o.density = 22.7;
  o.wise_tiles = 1;
  o.wise_epochs = 17;
  const test::SimulatedSky sky(o);
  const std::vector<SourceModel> models = sky.models();
  double cpu = 0;
  for (auto _ : state) {
    const double start = resource_use().cpu_seconds;
    const WiseData data(sky.wise_files());
    const WisePhotometry r =
        measure_wise(data, sky.brick, kBrickPixelScale, models, {.profiles = GalaxyProfiles::kReference});
    benchmark::DoNotOptimize(r.bands[0].flux[0]);
    cpu += resource_use().cpu_seconds - start;
  }
  state.counters["sources"] = static_cast<double>(models.size());
  state.counters["cpu_seconds"] = cpu / static_cast<double>(state.iterations());
  state.counters["peak_MB"] = static_cast<double>(resource_use().peak_bytes) / 1e6;
}
BENCHMARK(whole_brick)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace brickline

BENCHMARK_MAIN();
