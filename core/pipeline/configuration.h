// Options in files: TOML, a key per option under its name without the dashes.
//
//   bands = ["g", "r", "z"]        # or "g,r,z"
//   zoom = [0, 600, 0, 600]
//   no-wise = true                 # a flag; false: as if it were not there
//   blobxy = [[10, 20], [30, 40]]  # an option that may be given several times
//
// A preset (--run NAME) is such a file, found by its name. What is given counts in this order: the command line, the
// environment, the configuration file (--config), the preset.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/environment.h"
#include "core/pipeline/given_options.h"

namespace brickline {

// What a configuration says; `file` names it in errors. Error (kUsage), with file and line, for what is no TOML, keys
// that are no options (with the nearest name), values that cannot be an option's, and options that only a command line
// can give (--config, --dump-config).
GivenOptions options_of_configuration(std::string_view toml, std::string_view file);

// The same of a file. Error (kInput) if it cannot be read.
GivenOptions read_configuration(const std::filesystem::path& file);

// A configuration that gives these options; with `origins`, who said so in comments. Options at their defaults are
// comments.
std::string configuration_text(const ResolvedOptions& resolved);

// Where presets are looked for: the user's ($XDG_CONFIG_HOME or ~/.config, brickline/presets), then those that came
// along (../share/brickline/presets of the running program).
std::vector<std::filesystem::path> preset_directories(const Environment& environment);
// Their names, sorted, each once.
std::vector<std::string> preset_names(std::span<const std::filesystem::path> directories);
// The first directory's. Error (kUsage) if there is none, with the nearest name.
std::filesystem::path find_preset(const std::string& name,
                                  std::span<const std::filesystem::path> directories);

// The options of a run: those of its command line, with what the environment, the file and the preset that they name say.
ResolvedOptions resolve_options(std::span<const std::string> words, const Environment& environment);

}  // namespace brickline
