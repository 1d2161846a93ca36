// survey pack: a brick's run as a directory that another machine can run.
#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/pipeline/option_table.h"
#include "core/pipeline/run_case.h"
#include "core/pipeline/run_inputs.h"
#include "tools/common/program.h"
#include "tools/common/stop_signals.h"
#include "tools/survey/commands.h"
#include "tools/survey/words.h"

namespace brickline {
namespace {

constexpr std::string_view kHelp =
    "survey pack: what a run of one brick needs, and nothing else, in a directory that another machine can run.\n"
    "\n"
    "usage: survey pack --survey-dir DIR --brick NAME [options of runbrick] OUT\n"
    "       sh OUT/run.sh --outdir PRODUCTS      there; $RUNBRICK is the program, else the one on the PATH\n"
    "\n"
    "Images, masks, weight maps, calibrations, catalogs, dust maps, tiles and cameras are copied, tables with the rows that\n"
    "count. Every CCD is then read in both places and compared. The options of the run are written down in run.sh.\n"
    "\n"
    "  --cut    keep of images only what the run reads. They keep their sizes and places, and the pixels that are kept\n"
    "           their bits: tiles of compressed images elsewhere are all one, rows of others zeros.\n"
    "\n"
    "All options of runbrick count (runbrick --help). Exit code 3 if anything is missing: survey check lists it.\n";

}  // namespace

int survey_pack(int argc, char** argv) {
  StopSignals stop;  // before there is any thread
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (std::ranges::find(words, "--help") != words.end()) {
    write_stdout(kHelp);
    return 0;
  }
  const CommandWords given = read_words(words, {"--cut"});
  if (given.places.size() != 1)
    throw usage_error("{}: survey pack --brick NAME [options] OUT (survey pack --help)",
                      given.places.empty() ? "where to?" : "one place, please");
  check_options(given.options);
  TerminalLog terminal(LogLevel::kError);
  RunContext run = make_run_context(given.options, Log(terminal));
  run.cancel = stop.cancel();
  stop.listen({}, [](const std::string& why) { fmt::print(stderr, "survey: ended by {}\n", why); });
  InputQuestions questions;
  questions.pixels = true;  // files that cameras read by themselves show when they do
  const RunInputs inputs = find_run_inputs(given.options, questions, run);
  PackedCase packed;
  try {
    packed = pack_case(given.options, inputs, {given.places.front(), given.flags.contains("--cut")}, run);
  } catch (const Interrupted&) {
    fmt::print(stderr, "survey: ended by {}: {} is not made\n", stop.why(), given.places.front());
    return kInterruptedCode;
  }
  std::string text = fmt::format("{}: {} files, {:.1f} MB\n", given.places.front(), packed.files,
                                 static_cast<double>(packed.bytes) / 1e6);
  for (const std::string& whole : packed.whole) text += fmt::format("copied whole: {}\n", whole);
  write_stdout(text);
  return 0;
}

}  // namespace brickline
