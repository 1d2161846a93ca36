// What is made of the option table besides the command line itself: the man page, and what a shell completes.
#pragma once

#include <string>
#include <string_view>

namespace brickline {

// runbrick(1), in the man macros of groff. `version`: of its foot.
std::string man_page(std::string_view version);

// A script for bash: options, and the words that they take where these are known: stages, presets, files, directories.
std::string bash_completion();

}  // namespace brickline
