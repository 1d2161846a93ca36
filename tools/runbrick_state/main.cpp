// runbrick-state: what a saved state of runbrick holds, and why two differ.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "core/pipeline/state_report.h"
#include "tools/common/program.h"

namespace brickline {
namespace {

constexpr int kTheyDiffer = 1;  // as diff(1) has it

int runbrick_state(int argc, char** argv) {
  std::filesystem::path first, second;
  CLI::App app("What a saved state of runbrick holds, and why two differ.", "runbrick-state");
  app.set_version_flag("--version", version_text("runbrick-state"));
  app.require_subcommand(1);
  CLI::App* show = app.add_subcommand("show", "what it was made from, and what it holds");
  CLI::App* diff =
      app.add_subcommand("diff", "a line for each difference, \"what: A | B\"; exit code 1 if there is one");
  for (CLI::App* command : {show, diff})
    command->add_option("FILE", first, "state/runbrick-BRICK-STAGE.fits")->required();
  diff->add_option("OTHER", second, "the other one")->required();
  if (!parse_command_line(app, argc, argv)) return 0;
  const StateFile state = StateFile::open(first);
  if (show->parsed()) {
    write_stdout(state_text(state.record()));
    return 0;
  }
  const std::string differences = state_differences(state.record(), StateFile::open(second).record());
  write_stdout(differences);
  return differences.empty() ? 0 : kTheyDiffer;
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  return brickline::run_program("runbrick-state", [&] { return brickline::runbrick_state(argc, argv); });
}
