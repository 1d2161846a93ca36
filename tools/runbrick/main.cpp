// runbrick: the calibrated images of one brick of sky become coadds and a catalog of fitted sources.
#include <fmt/format.h>

#include <optional>

#include "core/pipeline/brick_run.h"
#include "core/pipeline/done.h"
#include "tools/common/program.h"
#include "tools/runbrick/options.h"

namespace brickline {
namespace {

constexpr int kSomeItemsFailed = 6;
constexpr int kNotDone = 7;

// The exit code if there is nothing to run: what was asked about is there, or only the question was asked.
std::optional<int> done_before(const RunbrickArguments& arguments, const Log& log) {
  if (arguments.skip_coadd)
    if (const Done done = coadds_done(arguments.brick); done.done) {
      log.info("skipped: {}", done.what);
      return 0;
    }
  if (!arguments.skip && !arguments.check_done) return {};
  const Done done = catalog_done(arguments.brick);
  if (done.done) {
    log.info("{}: {}", arguments.skip ? "skipped" : "done", done.what);
    return 0;
  }
  if (arguments.skip) return {};  // of the two, --skip decides: the run is done now
  log.info("not done: {}", done.what);
  return kNotDone;
}

int runbrick(int argc, char** argv) {
  const auto arguments = parse_runbrick(argc, argv);
  if (!arguments) return 0;
  TerminalLog terminal(arguments->verbosity > 0 ? LogLevel::kDebug : LogLevel::kInfo);
  const Log log(terminal);

  if (const auto code = done_before(*arguments, log)) return *code;
  BrickHooks hooks;
  hooks.stage_done = [&](std::string_view stage, const ResourceUse& used) {
    terminal.clear_progress();
    log.info("stage {:<12} {:8.2f} s wall {:8.2f} s CPU {:7.0f} MB peak", stage, used.wall_seconds,
             used.cpu_seconds, static_cast<double>(used.peak_bytes) / 1e6);
  };
  hooks.progress = [&](std::string_view stage, std::int64_t done, std::int64_t total) {
    terminal.progress(stage, done, total);
  };
  const BrickOutcome outcome = run_brick(arguments->brick, hooks, log);
  terminal.clear_progress();
  if (!outcome.nothing.empty()) {
    log.info("brick {}: nothing to do: {}", outcome.brick, outcome.nothing);
    return 0;
  }
  if (outcome.failed_blobs + outcome.failed_sources > 0) {
    log.warning(
        "brick {}: {} blobs could not be fitted (the catalog lists only their reference sources), nor {} "
        "sources "
        "of other blobs (they are missing)",
        outcome.brick, outcome.failed_blobs, outcome.failed_sources);
    return kSomeItemsFailed;
  }
  return 0;
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  return brickline::run_program("runbrick", [&] { return brickline::runbrick(argc, argv); });
}
