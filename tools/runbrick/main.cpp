// runbrick: the calibrated images of one brick of sky become coadds and a catalog of fitted sources.
#include <fmt/format.h>

#include <optional>

#include "core/base/error.h"
#include "core/pipeline/brick_run.h"
#include "core/pipeline/command_line.h"
#include "core/pipeline/done.h"
#include "core/pipeline/option_table.h"
#include "core/refs/reference_catalog.h"
#include "tools/common/program.h"

namespace brickline {
namespace {

constexpr int kSomeItemsFailed = 6;
constexpr int kNotDone = 7;

constexpr std::string_view kUsage =
    "runbrick: turns the calibrated images of one brick of sky into coadds and a catalog of fitted sources.\n"
    "\n"
    "usage: runbrick --survey-dir DIR --brick NAME --outdir DIR --plugin-dir DIR [options]\n"
    "       runbrick --help | --version\n";

int print(const std::string& text) {
  write_stdout(text);
  return 0;
}

// The exit code if there is nothing to run: what was asked about is there, or only the question was asked.
std::optional<int> done_before(const BrickOptions& options, const Log& log) {
  const ControlOptions& asked = options.control;
  if (asked.skip_coadd)
    if (const Done done = coadds_done(options); done.done) {
      log.info("skipped: {}", done.what);
      return 0;
    }
  if (!asked.skip && !asked.check_done) return {};
  const Done done = catalog_done(options);
  if (done.done) {
    log.info("{}: {}", asked.skip ? "skipped" : "done", done.what);
    return 0;
  }
  log.info("not done: {}", done.what);
  if (asked.skip) return {};  // of the two, --skip decides: the run is done now
  return kNotDone;
}

int report(const BrickOutcome& outcome, const Log& log) {
  if (!outcome.nothing.empty()) {
    log.info("brick {}: nothing to do: {}", outcome.brick, outcome.nothing);
    return 0;
  }
  if (outcome.failures.empty()) return 0;
  log.warning(
      "brick {}: {} blobs or sources could not be fitted (of such a blob, only sources of reference "
      "catalogs are in the catalog)",
      outcome.brick, outcome.failures.size());
  return kSomeItemsFailed;
}

int runbrick(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--help" || word == "-h") return print(std::string(kUsage) + options_help());
    if (word == "--version") return print(version_text("runbrick") + "\n");
  }
  BrickOptions options;
  read_command_line(words, options);
  read_environment(options, process_environment);
  check_options(options);
  if (options.control.plan) return print(plan_of_brick(options));

  TerminalLog terminal(options.control.verbosity > 0 ? LogLevel::kDebug : LogLevel::kInfo);
  const Log log(terminal);
  if (const auto code = done_before(options, log)) return *code;
  BrickHooks hooks;
  hooks.stage_done = [&](std::string_view stage, const ResourceUse& used) {
    terminal.clear_progress();
    log.info("stage {:<12} {:8.2f} s wall {:8.2f} s CPU {:7.0f} MB peak", stage, used.wall_seconds,
             used.cpu_seconds, static_cast<double>(used.peak_bytes) / 1e6);
  };
  hooks.progress = [&](std::string_view stage, std::int64_t done, std::int64_t total) {
    terminal.progress(stage, done, total);
  };
  const BrickOutcome outcome = run_brick(options, hooks, log);
  terminal.clear_progress();
  return report(outcome, log);
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  return brickline::run_program("runbrick", [&] { return brickline::runbrick(words); });
}
