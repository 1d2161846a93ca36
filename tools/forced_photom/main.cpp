// forced-photom: fluxes of a catalog's sources on single exposures.
#include <CLI/CLI.hpp>

#include "tools/common/program.h"
#include "tools/forced_photom/commands.h"
#include "tools/forced_photom/measuring.h"

namespace brickline {
namespace {

int forced_photom(int argc, char** argv) {
  MeasuringWords words;
  CLI::App app("Fluxes of a catalog's sources on single exposures: positions and shapes stay fixed.",
               "forced-photom");
  app.set_version_flag("--version", version_text("forced-photom"));
  declare_measuring(app, words);
  app.require_subcommand(0, 1);
  const Command merge = merge_command(app), light_curve = light_curve_command(app);
  if (!parse_command_line(app, argc, argv)) return 0;
  for (const Command& command : {merge, light_curve})
    if (command.app->parsed()) return command.run();
  check_measuring(app, words);
  return measure(words);
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  return brickline::run_program("forced-photom", [&] { return brickline::forced_photom(argc, argv); });
}
