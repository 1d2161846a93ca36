// A short command of the system, run to its end, with what it said.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace brickline {

struct CommandResult {
  int code = -1;  // exit code; 127: it cannot be started; 128 and the signal that ended it
  std::string out, err;
};

// How one is run: so that tests may answer in its place.
using CommandRunner = std::function<CommandResult(const std::vector<std::string>& words)>;

// Looked for on $PATH. Error (kResources) without a process to be had.
CommandResult run_command(const std::vector<std::string>& words);

}  // namespace brickline
