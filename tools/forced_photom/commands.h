// The commands of forced-photom beside measuring: each declares itself, and runs when it was asked for.
#pragma once

#include <functional>
#include <memory>

namespace CLI {
class App;
}

namespace brickline {

struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;
};
Command merge_command(CLI::App& parent);
Command light_curve_command(CLI::App& parent);

}  // namespace brickline
