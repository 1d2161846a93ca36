// What plugins that nobody wants cost: a scan of a directory of so many, and one camera of it loaded. Beside it, what
// `dlopen` of all of them would cost is not asked: none but the one is opened (tests/camera/registry_test.cpp).
#include <benchmark/benchmark.h>

#include <string>

#include "tests/camera/plugin_files.h"

namespace brickline {
namespace {

void BM_OneCameraAmong(benchmark::State& state) {
  const test::TemporaryDirectory dir;
  test::put(test::good_plugin("minimal"), dir.path());
  for (int i = 0; i < state.range(0); ++i)
    test::put(test::good_plugin("formats"), dir.path(), "other" + std::to_string(i));
  for (auto _ : state) {
    CameraRegistry registry = CameraRegistry::scan(test::only({dir.path()}));
    benchmark::DoNotOptimize(registry.load("minimal").name().size());
  }
}
BENCHMARK(BM_OneCameraAmong)->Arg(0)->Arg(100)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace brickline
