// survey run: works through a plan on this machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <thread>

#include "core/base/error.h"
#include "core/campaign/local_run.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"
#include "tools/survey/end_signals.h"

namespace brickline {

int survey_run(int argc, char** argv) {
  std::filesystem::path directory;
  LocalRunSettings settings;
  bool local = false;
  double memory_gb = 0;
  int verbosity = 0;
  CLI::App app(
      "Works through a plan on this machine: several items at once, within a memory budget, until all are done or given "
      "up. SIGTERM, SIGINT and SIGUSR1 end it (exit code 75); the same command goes on.",
      "survey run");
  app.add_option("PLAN", directory, "the plan's directory")->required();
  app.add_flag("--local", local,
               "on this machine (the only way of this command; see survey submit for a cluster)");
  app.add_option("--jobs", settings.slots, "items at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_option("--threads", settings.threads, "of each item")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_option("--memory-gb", memory_gb,
                 "for all items together (else nine tenths of what the machine has left)")
      ->check(CLI::Range(0.01, 1e6));
  app.add_flag("-v,--verbose", verbosity, "tell of every item");
  if (!parse_command_line(app, argc, argv)) return 0;
  const PlanFiles plan = open_plan(directory);
  count_end_signals();
  settings.asked_to_end = end_signals;
  constexpr double kShare = 0.9, kMegabytes = 1000;
  settings.budget_mb = memory_gb > 0
                           ? static_cast<std::int64_t>(kMegabytes * memory_gb)
                           : static_cast<std::int64_t>(kShare * static_cast<double>(available_memory_mb()));
  TerminalLog terminal(verbosity > 0 ? LogLevel::kInfo : LogLevel::kWarning);
  const LocalRunResult result = run_locally(plan, settings, Log(terminal));
  write_stdout(fmt::format("{} done, {} with nothing to do, {} given up, {} left\n", result.done,
                           result.nothing, result.given_up, result.left));
  if (!result.interrupted.empty()) {
    fmt::print(stderr, "survey run: {}: the same command goes on\n", result.interrupted);
    return kInterruptedCode;
  }
  return result.given_up > 0 ? kSomeItemsFailed : result.left > 0 ? kInterruptedCode : 0;
}

}  // namespace brickline
