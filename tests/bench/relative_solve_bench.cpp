// Zero points of 2,000 and of 100,000 CCDs from the stars that they have in common: time, memory, and how far they are from
// the truth. Each is solved in a process of its own, whose whole memory `peak_MB` is, data included.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>

#include "tests/zeropoints/simulated_overlaps.h"

namespace brickline {
namespace {

struct Outcome {
  double seconds = -1, peak_megabytes = 0, rms = 0, measurements = 0, rounds = 0, pull = 0;
};

Outcome solve(const test::Overlaps& overlaps) {
  const test::OverlapData data = test::simulate_overlaps(overlaps);
  const auto start = std::chrono::steady_clock::now();
  const RelativeSolution solution = solve_zero_points(data.ccds, data.stars);
  Outcome out;
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  double sum = 0, pulls = 0, n = 0;
  for (std::size_t i = 0; i < data.truth.size(); ++i) {
    if (!solution.ccds[i].solved) continue;
    const double apart = solution.ccds[i].zero_point - data.truth[i];
    sum += apart * apart;
    pulls += std::pow(apart / solution.ccds[i].error, 2);
    ++n;
  }
  out.rms = std::sqrt(sum / n);
  out.pull = std::sqrt(pulls / n);
  out.measurements = static_cast<double>(data.stars.size());
  out.rounds = solution.rounds;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  out.peak_megabytes = static_cast<double>(usage.ru_maxrss) / 1024;
  return out;
}

// Fields are as DECam's: 60 CCDs.
void BM_RelativeSolve(benchmark::State& state) {
  test::Overlaps overlaps;
  overlaps.columns = 10;
  overlaps.rows = 6;
  overlaps.exposures = static_cast<int>(state.range(0) / 60) + 1;
  overlaps.exposure_error = 0.003;
  overlaps.night_error = 0.002;
  overlaps.exposures_per_night = 40;
  for (auto _ : state) {
    int ends[2];
    if (pipe(ends) != 0) return state.SkipWithError("no pipe");
    const pid_t child = fork();
    if (child == 0) {
      const Outcome out = solve(overlaps);
      _exit(write(ends[1], &out, sizeof out) == sizeof out ? 0 : 1);
    }
    close(ends[1]);
    Outcome out;
    if (read(ends[0], &out, sizeof out) != sizeof out) out.seconds = -1;
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (out.seconds < 0) return state.SkipWithError("it failed");
    state.SetIterationTime(out.seconds);
    state.counters["peak_MB"] = out.peak_megabytes;
    state.counters["rms_mmag"] = 1000 * out.rms;
    state.counters["pull"] = out.pull;
    state.counters["stars"] = out.measurements;
    state.counters["rounds"] = out.rounds;
  }
}
BENCHMARK(BM_RelativeSolve)
    ->Arg(2'000)
    ->Arg(20'000)
    ->Arg(100'000)
    ->Unit(benchmark::kSecond)
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
}  // namespace brickline

BENCHMARK_MAIN();
