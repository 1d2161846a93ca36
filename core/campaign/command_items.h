// The items of a plan of commands: what comes of all bricks, each product by the command that makes it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/environment.h"
#include "core/campaign/manifest.h"

namespace brickline {

// A file of lines "COMMAND words", as they stand behind the program's name; '#' begins a remark. The program is asked for the
// parts of each command (COMMAND words --list-groups, or as the command has it): an item each, of phase 0, which makes that
// part anew, and one of phase 1 that is the line itself and puts them together. Names are COMMAND-PART and COMMAND; of a command's second line COMMAND.2.
//
// Error (kInput), with file and line: no such command, one that fails when it is asked for its parts (with what it said), words
// that are the plan's own to give.
// Items do not see the variables of their day: what DUST_DIR and LEGACY_SURVEY_DIR say to a command that asks for them when the
// plan is made becomes words of its line (--dust-dir, --survey-dir).
std::vector<Item> items_of_commands(const std::filesystem::path& file, const std::filesystem::path& program,
                                    const Environment& environment);

// The item that an item's product is of: COMMAND of COMMAND-PART, else itself.
std::string product_of(const Item& item);
// Of an item whose files are of use until they are put together: the item that does it.
std::optional<std::string> put_together_in(const Item& item);

}  // namespace brickline
