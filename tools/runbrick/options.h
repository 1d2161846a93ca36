// The command line of runbrick.
#pragma once

#include <optional>

#include "core/pipeline/brick_options.h"

namespace brickline {

struct RunbrickArguments {
  BrickOptions brick;
  int verbosity = 0;
  bool skip = false;        // nothing to do if the catalog is there
  bool skip_coadd = false;  // nothing to do if the picture is there
  bool check_done = false;  // only say whether the catalog is there
};

// Empty when help or the version was printed. Error (kUsage) for unknown or contradictory options.
std::optional<RunbrickArguments> parse_runbrick(int argc, char** argv);

}  // namespace brickline
