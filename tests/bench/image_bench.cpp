// How long it takes to read one CCD's image, on the real data beside the checkout: all of it, its sky, its
// PSF. $BRICKLINE_TEST_DATA names another place for the data.
#include <benchmark/benchmark.h>

#include "core/sky/sky_model.h"
#include "tests/support/golden_case.h"

namespace brickline {
namespace {

bool have_data() { return std::filesystem::exists(test::data_dir() / "golden/sim300"); }

void BM_ReadCcdImage(benchmark::State& state) {
  if (!have_data()) return state.SkipWithError("real data absent (set BRICKLINE_TEST_DATA)");
  const test::GoldenCase c("sim300");
  CameraRegistry cameras = test::built_cameras();
  const CcdRow& row = c.ccds.at(0);
  const Camera& camera = cameras.load(row.camera);
  std::int64_t pixels = 0;
  for (auto _ : state) pixels = read_ccd_image(camera, c.input(row), c.options)->extent.area();
  state.counters["time_per_pixel"] =
      benchmark::Counter(static_cast<double>(pixels),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_ReadCcdImage)->Unit(benchmark::kMillisecond);

// A whole chip's sky, as a spline on the survey's usual grid.
void BM_SkySplineWholeChip(benchmark::State& state) {
  std::vector<double> xs, ys, values;
  for (int i = 0; i < 9; ++i) xs.push_back(-1 + 256 * i);
  for (int i = 0; i < 17; ++i) ys.push_back(-1 + 256 * i);
  for (std::size_t i = 0; i < xs.size() * ys.size(); ++i)
    values.push_back(1000.0 + static_cast<double>(i % 7));
  const SkyModel sky = SkyModel::spline(xs, ys, values);
  for (auto _ : state) benchmark::DoNotOptimize(sky.render({0, 2046, 0, 4094}));
  state.counters["time_per_pixel"] = benchmark::Counter(
      2046.0 * 4094, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_SkySplineWholeChip)->Unit(benchmark::kMillisecond);

void BM_PsfStamp(benchmark::State& state) {
  if (!have_data()) return state.SkipWithError("real data absent (set BRICKLINE_TEST_DATA)");
  const test::GoldenCase c("sim300");
  CameraRegistry cameras = test::built_cameras();
  const CcdRow& row = c.ccds.at(0);
  const auto image = read_ccd_image(cameras.load(row.camera), c.input(row), c.options);
  double x = 0;
  for (auto _ : state) benchmark::DoNotOptimize(image->psf.stamp(x += 0.1, 20));
}
BENCHMARK(BM_PsfStamp)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace brickline
