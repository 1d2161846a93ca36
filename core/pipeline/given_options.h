// Options as they were given, before they become values: by a command line, by a file, by the environment. Whoever comes
// first of several that give one option is believed; what they say is not mixed.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/pipeline/option_table.h"

namespace brickline {

struct GivenOption {
  std::vector<Words> occurrences;  // the words of each; of a flag, one without words
  bool off = false;                // a flag that is said not to be given
  std::string origin;              // "command line", "$DUST_DIR", "site.toml:12"
};
using GivenOptions = std::map<const OptionRow*, GivenOption>;

// The variables that stand in for options.
GivenOptions options_of_environment(
    const std::function<std::optional<std::string>(const std::string&)>& environment);

struct ResolvedOptions {
  BrickOptions options;
  std::map<std::string, std::string, std::less<>> origins;  // by flag, of those that somebody gave
};
// Of each option what the first of the layers says that gives it. Error (kUsage), with its origin, for words that say no
// value.
ResolvedOptions resolve(std::span<const GivenOptions> layers);

// Error (kInput) for a path that names nothing, was typed and would be looked at: whatever a variable does not say. `frozen`:
// that, too, which is typed from then on.
void require_typed_paths(const ResolvedOptions& resolved, bool frozen = false);

// Options of the reference that Brickline knows of and has no use for: they are refused with the reason, or accepted where
// they change nothing here.
struct OtherOption {
  std::string_view flag, short_flag;
  std::string_view values;  // as OptionRow's
  int words = 0;
  bool accepted = false;
  std::string_view why;
};
std::span<const OtherOption> other_options();
const OtherOption* find_other_option(std::string_view flag);

// Names to choose the nearest of: all flags, with or without their "--".
std::vector<std::string> option_names(bool dashes);

}  // namespace brickline
