// runbrick: the calibrated images of one brick of sky become coadds and a catalog of fitted sources.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "core/base/environment.h"
#include "core/base/error.h"
#include "core/base/exit_codes.h"
#include "core/base/version.h"
#include "core/pipeline/brick_lock.h"
#include "core/pipeline/brick_run.h"
#include "core/pipeline/command_line.h"
#include "core/pipeline/configuration.h"
#include "core/pipeline/done.h"
#include "core/pipeline/option_pages.h"
#include "tools/common/program.h"
#include "tools/common/run_display.h"
#include "tools/common/stop_signals.h"

namespace brickline {
namespace {

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

int report(const BrickOutcome& outcome, const std::string& why, const Log& log) {
  if (!outcome.interrupted.empty()) {
    log.warning("brick {}: {}{}{}", outcome.brick, why, why.empty() ? "" : ": ", outcome.interrupted);
    return kInterruptedCode;
  }
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

// The last words of a run that is within something that cannot be interrupted. Whoever is at it may hold the
// log's lock.
void end_at_once(const std::string& brick, const std::filesystem::path& output_dir, const std::string& why) {
  const std::string line = fmt::format(
      "warning: brick {}: {}: ended at once: the same command goes on from what was saved until now\n", brick,
      why);
  drop_own_lock(output_dir, brick);
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;  // nobody listens
}

// What is asked about the program itself; empty: nothing.
std::optional<std::string> told(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--help" || word == "-h") return std::string(kUsage) + options_help();
    if (word == "--version") return version_text("runbrick") + "\n";
    if (word == "--print-man-page") return man_page(kVersion);
    if (word == "--print-completion") return bash_completion();
  }
  return {};
}

// `display` is made once it is known how it is to look.
int runbrick(const std::vector<std::string>& words, std::optional<RunDisplay>& display) {
  if (const auto text = told(words)) return print(*text);
  StopSignals stop;  // before there is any thread
  ResolvedOptions resolved = resolve_options(words, process_environment);
  const BrickOptions& options = resolved.options;
  if (options.control.dump_config) return print(configuration_text(resolved));
  check_options(options);
  if (options.control.plan) return print(plan_of_brick(options));
  stop.listen(options.control.time_limit_seconds,
              [brick = brick_name(options.region), dir = options.control.output_dir](const std::string& why) {
                end_at_once(brick, dir, why);
              });

  display.emplace(options.control.verbosity > 0 ? LogLevel::kDebug : LogLevel::kInfo,
                  RunDisplay::form_of_stderr(options.control.log_json));
  const Log log(*display);
  if (const auto code = done_before(options, log)) return *code;
  require_typed_paths(resolved);
  BrickHooks hooks;
  hooks.option_origins = std::move(resolved.origins);
  hooks.stage_begins = [&](std::string_view stage, std::size_t number, std::size_t stages) {
    display->stage_begins(stage, number, stages);
  };
  hooks.cancel = stop.cancel();
  hooks.stage_done = [&](std::string_view stage, const ResourceUse& used) {
    display->stage_done(stage, used);
  };
  hooks.progress = [&](std::string_view, std::int64_t done, std::int64_t total) {
    display->progress(done, total);
  };
  const BrickOutcome outcome = run_brick(options, hooks, log);
  return report(outcome, stop.why(), log);
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  std::optional<brickline::RunDisplay> display;
  const int code = brickline::run_program(
      "runbrick", [&] { return brickline::runbrick(words, display); },
      [&](std::string_view line) {
        if (!display) return false;
        display->error("runbrick", line);
        return true;
      });
  if (display) display->end(code);
  return code;
}
