// survey advance, survey submit, survey hand-out: looks at what has ended, and sees to what is to be done next.
#include "core/campaign/advance.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/campaign/site.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

std::string this_program() { return fs::read_symlink("/proc/self/exe").string(); }

int tell(const AdvanceReport& report, const char* name) {
  if (!report.held_by.empty()) {
    fmt::print(stderr, "{}: the plan is held by {}\n", name, report.held_by);
    return kInterruptedCode;
  }
  write_stdout(report.text);
  if (report.left > 0) return kNotDone;
  return report.given_up > 0 ? kSomeItemsFailed : 0;
}

}  // namespace

int survey_advance(int argc, char** argv) {
  fs::path directory;
  int after = -1;
  AdvanceSettings settings;
  CLI::App app(
      "Looks at every item that is not settled: those that are done, are to be tried again, need more memory, or are given "
      "up; where the plan is worked on by Slurm, submits the next round. May be run at any time, several at once. Exit "
      "code 7: items are left; 6: none, but some were given up.",
      "survey advance");
  app.add_option("PLAN", directory, "the plan's directory")->required();
  app.add_option("--after", after, "this round is over: none of its tasks will begin any more")
      ->check(CLI::Range(0, 1 << 30));
  app.add_flag("!--no-submit", settings.submits, "submit nothing");
  app.add_flag("--wait", settings.waits,
               "for tasks that may have died on another machine (six minutes), and for the plan: as jobs do");
  if (!parse_command_line(app, argc, argv)) return 0;
  if (after >= 0) settings.after = after;
  settings.program = this_program();
  TerminalLog terminal(LogLevel::kWarning);
  return tell(advance_plan(open_plan(directory), settings, Log(terminal)), "survey advance");
}

int survey_submit(int argc, char** argv) {
  fs::path directory, site;
  AdvanceSettings settings;
  CLI::App app(
      "Submits what waits to Slurm: an array of jobs for each memory class, each task a bundle of items, and a job that "
      "looks at them once they have ended and submits the next round. What the cluster allows is asked for.",
      "survey submit");
  app.add_option("PLAN", directory, "the plan's directory")->required();
  app.add_option(
      "--site", site,
      "file with account, partitions and the like (core/campaign/site.h lists its keys); kept in the plan");
  app.add_flag("--dry-run", settings.dry_run, "show the scripts; submit nothing");
  if (!parse_command_line(app, argc, argv)) return 0;
  const PlanFiles plan = open_plan(directory);
  std::error_code code;
  if (!site.empty()) {
    read_site(site);  // whether it can be used
    std::ifstream in(site, std::ios::binary);
    write_file_atomically(plan.site(), std::string(std::istreambuf_iterator<char>(in), {}));
  } else if (!fs::exists(plan.site(), code)) {
    write_file_atomically(plan.site(), "# Nothing is known of the site.\n");
  }
  settings.lifts_control = true;
  settings.program = this_program();
  TerminalLog terminal(LogLevel::kWarning);
  const AdvanceReport report = advance_plan(plan, settings, Log(terminal));
  const int result = tell(report, "survey submit");
  // Items left are no failure, but such as no partition has the memory for.
  return result == kNotDone && report.without_partition == 0 ? 0 : result;
}

int survey_hand_out(int argc, char** argv) {
  fs::path directory;
  AdvanceSettings settings;
  settings.hands_out = true;
  double minutes = 60;
  CLI::App app(
      "Makes a round of bundles for whoever calls `survey task`: GNU parallel, Snakemake, another batch system. Prints "
      "\"ROUND TASKS\"; nothing if no item waits. Once the tasks have ended: survey advance PLAN --after ROUND.",
      "survey hand-out");
  app.add_option("PLAN", directory, "the plan's directory")->required();
  app.add_option("--task-minutes", minutes, "that a bundle should take")
      ->check(CLI::Range(0.001, 1e6))
      ->capture_default_str();
  app.add_option("--threads", settings.threads, "of each item")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  if (!parse_command_line(app, argc, argv)) return 0;
  constexpr double kMinute = 60;
  settings.task_seconds = kMinute * minutes;
  const PlanFiles plan = open_plan(directory);
  settings.lifts_control = true;
  TerminalLog terminal(LogLevel::kWarning);
  const AdvanceReport report = advance_plan(plan, settings, Log(terminal));
  if (!report.held_by.empty()) return tell(report, "survey hand-out");
  if (report.handed_out) write_stdout(fmt::format("{} {}\n", *report.handed_out, report.tasks));
  return 0;
}

}  // namespace brickline
