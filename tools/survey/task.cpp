// survey task: carries out one bundle of a round.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "core/base/error.h"
#include "core/campaign/local_run.h"
#include "core/campaign/manifest.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"
#include "tools/survey/end_signals.h"

namespace brickline {

int survey_task(int argc, char** argv) {
  std::filesystem::path directory;
  LocalRunSettings settings;
  settings.threads = 0;
  int round = -1, index = -1;
  CLI::App app(
      "Carries out one bundle of a round, its items one after another. SIGTERM and SIGUSR1 are handed on to the item at "
      "hand, and end the task with what it has finished (exit code 75). Started again, it goes on.",
      "survey task");
  app.add_option("PLAN", directory, "the plan's directory")->required();
  app.add_option("--round", round, "the round")->required()->check(CLI::Range(0, 1 << 30));
  app.add_option("--index", index, "the bundle, from 0")->required()->check(CLI::Range(0, 1 << 30));
  app.add_option("--threads", settings.threads, "of each item (else as the round says)")
      ->check(CLI::Range(0, 4096));
  if (!parse_command_line(app, argc, argv)) return 0;
  const PlanFiles plan = open_plan(directory);
  count_end_signals();
  settings.asked_to_end = end_signals;
  TerminalLog terminal(LogLevel::kInfo);
  const TaskResult result = run_task(plan, round, index, settings, Log(terminal));
  write_stdout(fmt::format("{} done, {} with nothing to do, {} failed, {} left\n", result.done,
                           result.nothing, result.failed, result.left));
  if (!result.interrupted.empty()) {
    fmt::print(stderr, "survey task: {}\n", result.interrupted);
    return kInterruptedCode;
  }
  return result.failed > 0 ? kSomeItemsFailed : result.left > 0 ? kInterruptedCode : 0;
}

}  // namespace brickline
