#include "core/pipeline/option_pages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "core/pipeline/given_options.h"
#include "core/pipeline/plan.h"
#include "core/pipeline/stage_table.h"

namespace brickline {
namespace {

// Text as groff prints it: dashes that can be copied, no line that begins like a request.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  if (out.starts_with('.') || out.starts_with('\'')) out = "\\&" + out;
  return out;
}

constexpr std::string_view kDescription = R"(.SH NAME
runbrick \- turns the calibrated images of one brick of sky into coadds and a catalog of fitted sources
.SH SYNOPSIS
.B runbrick
.RB [ \-\-survey\-dir
.IR DIR ]
.B \-\-brick
.I NAME
.RB [ \-\-outdir
.IR DIR ]
.RI [ options ]
.br
.B runbrick
.B \-\-radec
.I RA DEC
.B \-\-width
.I N
.B \-\-height
.I N
.RI [ options ]
.SH DESCRIPTION
Reads the images of a survey directory that touch a brick (a box of sky), finds the sources, fits each to the pixels of all
exposures at once, and writes coadds, models, a catalog, and a page of the run
.RI ( metrics/BBB/run\-BRICK.html ).
Started again after it was interrupted, with the same options, it goes on after the last stage that it had finished.
.PP
What is given counts in this order: the command line, the environment, the file of
.BR \-\-config ,
the preset of
.BR \-\-run .
Long options take their value as the next word or after
.BR = ;
they cannot be shortened.
)";

constexpr std::string_view kEnd = R"(.SH CONFIGURATION FILES
TOML, a key per option under its name without the dashes:
.PP
.nf
.RS
bands = ["g", "r", "z"]
zoom = [0, 600, 0, 600]
no\-wise = true
blobxy = [[10, 20], [30, 40]]
.RE
.fi
.PP
.B runbrick \-\-dump\-config
prints the options of a run as such a file. A preset is such a file, found by its name in
.I ~/.config/brickline/presets
.RI ( $XDG_CONFIG_HOME/brickline/presets ),
then among those that came along.
.SH EXIT STATUS
.IP 0 4
done, or nothing to do (then
.I tractor/BBB/nothing\-BRICK.json
says why)
.IP 1
a defect of the program
.IP 2
options that are unknown or contradict each other
.IP 3
input that is missing or bad
.IP 4
no memory, no disk
.IP 5
a camera is missing, or its plugin was refused
.IP 6
done, but some blobs or sources could not be fitted
.IP 7
.BR \-\-check\-done :
not done
.IP 75
interrupted; the same command goes on
.SH SEE ALSO
.BR runbrick\-state (1),
.BR cameras (1),
.BR catalog\-tool (1)
)";

// What a word stands for, by how the table names it.
std::string_view completed_by(const OptionRow& row) {
  if (row.flag == "--run") return "preset";
  if (row.flag.ends_with("-stage") || row.flag == "--stage") return "stage";
  if (row.values == "ring|nested") return "scheme";
  if (row.values.starts_with("DIR")) return "directory";
  if (row.values == "FILE") return "file";
  return row.words > 0 ? "word" : "flag";
}

}  // namespace

std::string man_page(std::string_view version) {
  std::string out = fmt::format(".TH RUNBRICK 1 \"\" \"Brickline {}\" \"Brickline\"\n", roff(version));
  out += kDescription;
  out += ".SH OPTIONS\n";
  std::string_view heading;
  for (const OptionRow& row : option_table()) {
    if (row.heading != heading) out += fmt::format(".SS {}\n", roff(row.heading));
    heading = row.heading;
    out += ".TP\n";
    std::string flags = row.short_flag.empty() ? "" : fmt::format("\\fB{}\\fR, ", roff(row.short_flag));
    flags += fmt::format("\\fB{}\\fR", roff(row.flag));
    if (!row.other_flag.empty()) flags += fmt::format(", \\fB{}\\fR", roff(row.other_flag));
    if (row.words > 0) flags += fmt::format(" \\fI{}\\fR", roff(row.values));
    std::string text(row.help);
    if (row.repeatable) text += "; repeatable";
    if (const std::string standard = row.default_text(); !standard.empty())
      text += fmt::format(" [{}]", standard);
    if (!row.environment.empty()) text += fmt::format(" [${}]", row.environment);
    out += flags + "\n" + roff(text) + "\n";
  }
  out += ".SS Accepted, and without effect\n";
  for (const OtherOption& option : other_options())
    if (option.accepted)
      out += fmt::format(".TP\n\\fB{}\\fR \\fI{}\\fR\n{}\n", roff(option.flag), roff(option.values),
                         roff(option.why));
  out += ".SH ENVIRONMENT\nStand in for options that are not given:\n";
  for (const OptionRow& row : option_table())
    if (!row.environment.empty())
      out += fmt::format(".TP\n\\fB{}\\fR\n{}\n", row.environment, roff(row.flag));
  out += ".TP\n\\fBBRICKLINE_PLUGIN_PATH\\fR\ndirectories of camera plugins, between colons\n";
  return out + std::string(kEnd);
}

std::string bash_completion() {
  std::vector<std::string_view> flags = {"--help", "--version"};
  std::map<std::string_view, std::vector<std::string_view>> by_kind;
  for (const OptionRow& row : option_table())
    for (const std::string_view flag : {row.flag, row.short_flag, row.other_flag}) {
      if (flag.empty()) continue;
      if (flag.starts_with("--")) flags.push_back(flag);
      by_kind[completed_by(row)].push_back(flag);
    }
  const auto pattern = [&](std::string_view kind) {
    return fmt::format("{}", fmt::join(by_kind[kind], "|"));
  };
  return fmt::format(R"bash(# Completion of runbrick for bash; made from its table of options.
_runbrick()
{{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
  COMPREPLY=()
  case $previous in
    {stage})
      COMPREPLY=($(compgen -W "{stages}" -- "$current")); return ;;
    {preset})
      local directory names=
      for directory in "${{XDG_CONFIG_HOME:-$HOME/.config}}/brickline/presets" \
                       "$(dirname "$(command -v "${{COMP_WORDS[0]}}")")/../share/brickline/presets"; do
        for file in "$directory"/*.toml; do
          [ -e "$file" ] && names="$names $(basename "$file" .toml)"
        done
      done
      COMPREPLY=($(compgen -W "$names" -- "$current")); return ;;
    {scheme})
      COMPREPLY=($(compgen -W "ring nested" -- "$current")); return ;;
    {directory})
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -d -- "$current")); return ;;
    {file})
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$current")); return ;;
    {word})
      return ;;
  esac
  COMPREPLY=($(compgen -W "{flags}" -- "$current"))
}}
complete -F _runbrick runbrick
)bash",
                     fmt::arg("stage", pattern("stage")), fmt::arg("preset", pattern("preset")),
                     fmt::arg("scheme", pattern("scheme")), fmt::arg("directory", pattern("directory")),
                     fmt::arg("file", pattern("file")), fmt::arg("word", pattern("word")),
                     fmt::arg("stages", fmt::join(stage_names(stage_table()), " ")),
                     fmt::arg("flags", fmt::join(flags, " ")));
}

}  // namespace brickline
