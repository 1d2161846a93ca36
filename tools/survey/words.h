// The words of a command, which takes options of its own beside those of runbrick.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/pipeline/brick_options.h"

namespace brickline {

struct CommandWords {
  std::set<std::string> flags;      // of its own, that are given
  std::vector<std::string> places;  // words that belong to no option
  BrickOptions options;             // what runbrick would take of them, of the environment and of files
};

// Error (kUsage) as runbrick for words that are neither of `own`, nor runbrick's, nor a place.
CommandWords read_words(const std::vector<std::string>& words, const std::set<std::string>& own);

}  // namespace brickline
