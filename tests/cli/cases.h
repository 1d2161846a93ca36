// Command-line behaviour as data: the files tests/cli/*.cases, which anyone can read and add to.
//
//   # What a run does with a file that is cut off.
//   case A truncated image
//     survey                                  a copy of the simulated survey, which this case may damage
//     halve {survey}/images/*_ooi_g_*
//     run runbrick {region} {common}
//     exit 3
//     error _ooi_ ... truncated
//     nothing                                 was written to {out}
//
// Before the first `run`, what the case needs:
//   survey                  {survey} is a copy of the small simulated survey of the build directory
//   copy FROM TO            a file
//   write FILE TEXT         a file of one line
//   remove FILES            files or a directory; in FILES * stands for anything, and at least one must be there
//   halve FILES             cut to half their size
//   set FILES COLUMN VALUE  a number into every row of the first table
//   empty FILES             no row left in the first table
// Then one or more times:
//   with NAME=VALUE         the environment of the next run; an empty VALUE takes the variable away
//   into FILE               the next run's stdout
//   run PROGRAM WORD...     'quoted words' may hold blanks
//   exit CODE               required
//   error TEXT ... TEXT     the one line of stderr that says "error": it begins "PROGRAM: error: " and holds the texts,
//                           in that order. Required unless the code is 0, 6 or 7, and forbidden then
//   stderr TEXT ... TEXT    a line of stderr that holds them
//   stdout TEXT ... TEXT    a line of stdout
//   silent                  nothing on stdout
//   file NAME, no file NAME, below {out}; * stands for anything
//   nothing                 no file at all below {out}
//
// {scratch} is the case's own directory, {out} and {survey} are in it; {plugins} are the built cameras, {good} and {bad}
// those of the tests; {region} stands for the words that choose the simulated piece of sky, {brick} for its brick,
// {common} for --survey-dir, --outdir, --plugin-dir and --no-wise. A word that is none of these is an error, wherever
// it stands.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace brickline::test {

struct Step {
  int line = 0;
  std::string word;
  std::vector<std::string> arguments;
};

struct Case {
  std::string name;
  std::filesystem::path file;
  int line = 0;
  std::vector<Step> steps;
};

// The cases of a file's text. std::invalid_argument with "FILE:LINE: ..." for what is not in the form above.
std::vector<Case> parse_cases(const std::filesystem::path& file, std::string_view text);

// Runs one and reports what is not as it says, with the line that says so, as GoogleTest failures.
void run_case(const Case& c);

}  // namespace brickline::test
