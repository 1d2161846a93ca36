// survey again, stop, drain, clean, seal.
#include "core/campaign/finish.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/campaign/plan_files.h"
#include "core/campaign/submit.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"

namespace brickline {
namespace {

int ask(int argc, char** argv, const char* name, const char* help, Control control) {
  std::filesystem::path directory;
  CLI::App app(help, name);
  app.add_option("PLAN", directory, "the plan's directory")->required();
  if (!parse_command_line(app, argc, argv)) return 0;
  const PlanFiles plan = open_plan(directory);
  set_control(plan, control);
  write_stdout(cancel_pending(plan, run_command));
  return 0;
}

}  // namespace

int survey_again(int argc, char** argv) {
  std::filesystem::path directory;
  std::vector<std::string> names;
  bool all = false;
  CLI::App app("Lets items that were given up be tried again: once what was missing is there.",
               "survey again");
  app.add_option("PLAN", directory, "the plan's directory")->required();
  app.add_option("BRICKS", names, "the items");
  app.add_flag("--all", all, "all that were given up");
  if (!parse_command_line(app, argc, argv)) return 0;
  if (all == !names.empty()) throw usage_error("either items or --all");
  TerminalLog terminal(LogLevel::kWarning);
  write_stdout(
      fmt::format("{} items will be tried again\n", try_again(open_plan(directory), names, Log(terminal))));
  return 0;
}

int survey_stop(int argc, char** argv) {
  return ask(
      argc, argv, "survey stop",
      "Asks everything that runs to end now, to be gone on with; no round is begun until the next `run` or "
      "`submit`.",
      Control::kStop);
}

int survey_drain(int argc, char** argv) {
  return ask(argc, argv, "survey drain",
             "Lets what runs come to its end, and nothing more begin until the next `run` or `submit`.",
             Control::kDrain);
}

int survey_clean(int argc, char** argv) {
  std::filesystem::path directory;
  CLI::App app(
      "Removes the saved state and journals of blobs of items that are done; of a plan of tables, parts that are put together.",
      "survey clean");
  app.add_option("PLAN", directory, "the plan's directory")->required();
  if (!parse_command_line(app, argc, argv)) return 0;
  TerminalLog terminal(LogLevel::kWarning);
  const CleanReport report = clean_plan(open_plan(directory), Log(terminal));
  write_stdout(fmt::format("{} files of {} items removed, {:.1f} MB\n", report.files, report.items,
                           1e-6 * static_cast<double>(report.bytes)));
  return 0;
}

int survey_seal(int argc, char** argv) {
  std::filesystem::path directory;
  bool incomplete = false;
  CLI::App app(
      "Verifies a finished plan, writes one table of all its files' checksums (survey-checksums.fits in the output "
      "directory; of a plan of tables, in the plan's) and makes them read-only.",
      "survey seal");
  app.add_option("PLAN", directory, "the plan's directory")->required();
  app.add_flag("--incomplete", incomplete, "although items were given up");
  if (!parse_command_line(app, argc, argv)) return 0;
  TerminalLog terminal(LogLevel::kWarning);
  const SealReport report = seal_plan(open_plan(directory), incomplete, Log(terminal));
  write_stdout(fmt::format("{}: {} files of {} items\n", report.table.string(), report.files, report.items));
  return 0;
}

}  // namespace brickline
