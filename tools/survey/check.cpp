// survey check: the files that a run will need, before it is begun.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/page/json_writer.h"
#include "core/pipeline/case_sums.h"
#include "core/pipeline/option_table.h"
#include "core/pipeline/run_inputs.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"
#include "tools/survey/words.h"

namespace brickline {
namespace {

constexpr std::string_view kHelp =
    "survey check: every file that a run will need: is it there, can it be read, is it of the right reduction?\n"
    "\n"
    "usage: survey check --survey-dir DIR [--brick NAME | --radec RA DEC] [options of runbrick]\n"
    "\n"
    "Without a brick, all CCDs of the tables that nothing cuts are looked at, in the bands of --bands. Of each image,\n"
    "mask and weight map a row of pixels is read, of catalogs and tiles what the brick needs of them.\n"
    "Exit code 0 if a run can begin, 3 if not.\n"
    "\n"
    "  --json        the list for programs: ready, ccds, counts (by state), files (kind, state, ends_the_run, file, hdu,\n"
    "                item, what), changed (file, what)\n"
    "  --pixels      read all pixels that the run will read\n"
    "  --problems    list only what is not ready\n"
    "\n"
    "A file is ready, to be made (a calibration that the run makes itself), done without (a catalog or tile that is not\n"
    "there: the run says so in a warning), missing, unreadable, or of another reduction; the last three end the run.\n"
    "\n"
    "All options of runbrick count as they do there (runbrick --help); those that only say how a run goes about it are\n"
    "without effect. Of a packed case (survey pack), whose survey is CASE/survey, all files are compared with what they\n"
    "were: those that changed are listed, and exit code is 3. With --skip-calibs, calibrations that are missing are so; else the run makes them.\n";

std::map<InputState, std::int64_t> counts_of(const RunInputs& inputs) {
  std::map<InputState, std::int64_t> counts;
  for (const RunInput& input : inputs.files) ++counts[input.state];
  return counts;
}

std::string list_for_people(const RunInputs& inputs, const std::vector<ChangedFile>& changed, bool problems) {
  std::string text;
  for (const RunInput& input : inputs.files) {
    if (problems && input.state == InputState::kReady) continue;
    std::string file = input.file.string();
    if (input.hdu > 0) file += fmt::format("[{}]", input.hdu);
    text +=
        fmt::format("{:<15} {:<14} {:<18} {}", name_of(input.state), name_of(input.kind), input.item, file);
    if (!input.what.empty()) text += fmt::format("{}{}", file.empty() ? "" : ": ", input.what);
    text += '\n';
  }
  for (const ChangedFile& file : changed)
    text +=
        fmt::format("{:<15} {:<14} {:<18} {}: {}\n", "changed", "case", "", file.file.string(), file.what);
  std::string totals;
  for (const auto& [state, n] : counts_of(inputs))
    totals += fmt::format("{}{} {}", totals.empty() ? "" : ", ", n, name_of(state));
  return text + fmt::format("{} CCDs, {} files: {}\n{}\n", inputs.ccds.size(), inputs.files.size(), totals,
                            !inputs.ready()   ? "a run will fail"
                            : changed.empty() ? "a run can begin"
                                              : "a run can begin, but is not that of the survey");
}

std::string list_for_programs(const RunInputs& inputs, const std::vector<ChangedFile>& changed,
                              bool problems) {
  JsonWriter json;
  json.begin_object();
  json.member("schema", "brickline-survey-check/1");
  if (inputs.target) json.member("brick", inputs.target->brick.name);
  json.member("ready", inputs.ready());
  json.member("ccds", static_cast<std::int64_t>(inputs.ccds.size()));
  json.key("counts");
  json.begin_object();
  for (const auto& [state, n] : counts_of(inputs)) json.member(name_of(state), n);
  json.end_object();
  json.key("files");
  json.begin_array();
  for (const RunInput& input : inputs.files) {
    if (problems && input.state == InputState::kReady) continue;
    json.begin_object();
    json.member("kind", name_of(input.kind));
    json.member("state", name_of(input.state));
    json.member("ends_the_run", ends_the_run(input.state));
    json.member("file", input.file.string());
    if (input.hdu >= 0) json.member("hdu", input.hdu);
    if (!input.item.empty()) json.member("item", input.item);
    if (!input.what.empty()) json.member("what", input.what);
    json.end_object();
  }
  json.end_array();
  json.key("changed");
  json.begin_array();
  for (const ChangedFile& file : changed) {
    json.begin_object();
    json.member("file", file.file.string());
    json.member("what", file.what);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.take() + "\n";
}

}  // namespace

int survey_check(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (std::ranges::find(words, "--help") != words.end()) {
    write_stdout(kHelp);
    return 0;
  }
  CommandWords given = read_words(words, {"--json", "--pixels", "--problems"});
  if (!given.places.empty())
    throw usage_error("'{}' belongs to no option (survey check --help)", given.places.front());
  InputQuestions questions;
  questions.pixels = given.flags.contains("--pixels");
  questions.whole_survey = given.options.region.brick.empty() && !given.options.region.radec;
  if (!questions.whole_survey) check_options(given.options);
  TerminalLog terminal(LogLevel::kError);  // what is wrong is in the list
  RunContext run = make_run_context(given.options, Log(terminal));
  const RunInputs inputs = find_run_inputs(given.options, questions, run);
  const std::vector<ChangedFile> changed = changed_since_packed(run.survey.root());
  const bool problems = given.flags.contains("--problems");
  write_stdout(given.flags.contains("--json") ? list_for_programs(inputs, changed, problems)
                                              : list_for_people(inputs, changed, problems));
  if (const auto n =
          std::ranges::count_if(inputs.files, [](const RunInput& f) { return ends_the_run(f.state); }))
    throw input_error("{} of {} files that a run needs are not ready", n, inputs.files.size());
  if (!changed.empty())
    throw input_error("{} files of the case are not what was packed, {} among them", changed.size(),
                      changed.front().file.filename().string());
  return 0;
}

}  // namespace brickline
