// How long it takes to find a brick's rows in the CCD table of a whole survey, and the memory it takes.
//
// The tables (10^7 rows of 326 bytes with and without a search tree, 10^6 rows gzipped) are made once, in a
// folder below $BRICKLINE_BENCH_DIR (default: the temporary directory), which holds 3.5 GB and is left there.
// Making them and each reading happen in processes of their own, so that `peak_MB` is the whole memory of a
// process that does nothing else. Run it a second time to read from the page cache.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "core/survey/ccd_selection.h"
#include "core/survey/ccd_table.h"
#include "core/survey/target.h"
#include "tests/support/made_ccd_table.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

fs::path folder() {
  const char* place = std::getenv("BRICKLINE_BENCH_DIR");
  return (place && *place ? fs::path(place) : fs::temp_directory_path()) / "brickline-bench-ccd-tables";
}

// What a process of its own tells.
struct Outcome {
  double seconds = 0, peak_megabytes = 0;
  std::int64_t rows = -1;  // -1: it failed
};

Outcome in_a_process(const std::function<std::int64_t()>& work) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    Outcome outcome;
    try {
      const auto start = std::chrono::steady_clock::now();
      outcome.rows = work();
      outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    } catch (const std::exception& e) {
      fmt::print(stderr, "{}\n", e.what());
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    outcome.peak_megabytes = static_cast<double>(usage.ru_maxrss) / 1024;
    _exit(write(ends[1], &outcome, sizeof outcome) == sizeof outcome ? 0 : 1);
  }
  close(ends[1]);
  Outcome outcome;
  if (read(ends[0], &outcome, sizeof outcome) != sizeof outcome) outcome.rows = -1;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return outcome;
}

// The file of so many rows, made if it is not there. A .fits file is the .kd.fits file under another name,
// read without its tree.
fs::path made(const std::string& name, std::size_t rows) {
  const fs::path file = folder() / name;
  if (fs::exists(file)) return file;
  fs::create_directories(folder());
  if (!name.ends_with(".kd.fits") && name.ends_with(".fits")) {
    fs::create_hard_link(made(name.substr(0, name.size() - 5) + ".kd.fits", rows), file);
    return file;
  }
  const fs::path unfinished = folder() / ("unfinished-" + name);
  const Outcome outcome = in_a_process([&] {
    test::write_made_ccd_table(unfinished, test::scattered_positions(rows));
    return std::int64_t{0};
  });
  if (outcome.rows == 0) fs::rename(unfinished, file);
  return file;
}

void read_brick(benchmark::State& state, const std::string& name, std::size_t rows) {
  const fs::path file = made(name, rows);
  for (auto _ : state) {
    const Outcome outcome = in_a_process([&] {
      const Wcs brick = brick_wcs(150, 2, kBrickPixels, kBrickPixels, kBrickPixelScale);
      return static_cast<std::int64_t>(select_ccds(CcdTable::read_near({file}, brick), brick).ccds.size());
    });
    if (outcome.rows < 0) return state.SkipWithError("cannot be made or read");
    state.SetIterationTime(outcome.seconds);
    state.counters["peak_MB"] = outcome.peak_megabytes;
    state.counters["ccds"] = static_cast<double>(outcome.rows);
  }
}

void BM_TreeOfTenMillion(benchmark::State& state) { read_brick(state, "ten-million.kd.fits", 10'000'000); }
void BM_PlainTenMillion(benchmark::State& state) { read_brick(state, "ten-million.fits", 10'000'000); }
void BM_GzippedMillion(benchmark::State& state) { read_brick(state, "million.fits.gz", 1'000'000); }
BENCHMARK(BM_TreeOfTenMillion)->Unit(benchmark::kMillisecond)->UseManualTime()->Iterations(3);
BENCHMARK(BM_PlainTenMillion)->Unit(benchmark::kMillisecond)->UseManualTime()->Iterations(1);
BENCHMARK(BM_GzippedMillion)->Unit(benchmark::kMillisecond)->UseManualTime()->Iterations(1);

}  // namespace
}  // namespace brickline

BENCHMARK_MAIN();
