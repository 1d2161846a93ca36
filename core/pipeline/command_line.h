// The command line of a brick's run, read and explained by the option table.
#pragma once

#include <span>
#include <string>

#include "core/pipeline/brick_options.h"
#include "core/pipeline/given_options.h"

namespace brickline {

// Reads "--flag words..." ("--flag=word", "-f word", "-fword", "-vv") . An option takes as many
// words as its row says, whatever they begin with: "--radec 150 -.5". Error (kUsage) for an unknown option
// (with the nearest name), a word that belongs to none, words that are missing or say no value, an option
// that is given twice. Ranges are not looked at (check_options).
GivenOptions options_of_command_line(std::span<const std::string> words);
// The same as values, without what files and the environment say.
void read_command_line(std::span<const std::string> words, BrickOptions& options);

// All options, under their headings, with defaults and variables; lines of at most `width` characters.
std::string options_help(int width = 100);

}  // namespace brickline
