// runbrick: the calibrated images of one brick of sky become coadds and a catalog of fitted sources.
#include <fmt/format.h>

#include "core/pipeline/brick_run.h"
#include "tools/common/program.h"
#include "tools/runbrick/options.h"

namespace brickline {
namespace {

constexpr int kSomeItemsFailed = 6;

int runbrick(int argc, char** argv) {
  const auto arguments = parse_runbrick(argc, argv);
  if (!arguments) return 0;
  TerminalLog terminal(arguments->verbosity > 0 ? LogLevel::kDebug : LogLevel::kInfo);
  const Log log(terminal);

  BrickHooks hooks;
  hooks.stage_done = [&](std::string_view stage, const ResourceUse& used) {
    terminal.clear_progress();
    log.info("stage {:<9} {:8.2f} s wall {:8.2f} s CPU {:7.0f} MB peak", stage, used.wall_seconds,
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
  if (outcome.failed_blobs > 0) {
    log.warning("brick {}: {} blobs could not be fitted; their sources are missing from the catalog",
                outcome.brick, outcome.failed_blobs);
    return kSomeItemsFailed;
  }
  return 0;
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  return brickline::run_program("runbrick", [&] { return brickline::runbrick(argc, argv); });
}
