// survey verify: checks every file of every item that is done.
#include <fmt/format.h>
#include <tbb/global_control.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "core/base/error.h"
#include "core/campaign/finish.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"

namespace brickline {

int survey_verify(int argc, char** argv) {
  std::filesystem::path directory;
  int threads = 0;
  bool mend = false;
  CLI::App app(
      "Checks every file of every item that is done against the brick's list of checksums, its header against the plan's "
      "options, and its rows. Exit code 6 if one is not what it should be.",
      "survey verify");
  app.add_option("PLAN", directory, "the plan's directory")->required();
  app.add_option("--threads", threads, "files read at once; 0 for all cores")->check(CLI::Range(0, 4096));
  app.add_flag("--mend", mend, "let items whose products are damaged or gone be made again");
  if (!parse_command_line(app, argc, argv)) return 0;
  std::unique_ptr<tbb::global_control> limit;
  if (threads > 0)
    limit = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                  static_cast<std::size_t>(threads));
  TerminalLog terminal(LogLevel::kWarning);
  const VerifyReport report = verify_plan(open_plan(directory), mend, Log(terminal));
  std::string text;
  for (const auto& [name, what] : report.objections) text += fmt::format("{}: {}\n", name, what);
  text += fmt::format(
      "{} items verified ({} files, {:.1f} MB), {} with nothing to do, {} not what they should be, {} not "
      "done\n",
      report.done, report.files, 1e-6 * static_cast<double>(report.bytes), report.nothing,
      report.objections.size(), report.not_done);
  write_stdout(text);
  return report.objections.empty() ? 0 : kSomeItemsFailed;
}

}  // namespace brickline
