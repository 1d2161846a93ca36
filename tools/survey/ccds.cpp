// survey ccds: the CCDs that finished bricks were made from.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/release/ccds_used.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"
#include "tools/survey/output_bricks.h"

namespace brickline {

namespace fs = std::filesystem;

int survey_ccds(int argc, char** argv, const Cancel& cancel) {
  fs::path directory, bricks_file, out;
  PlanWords plan_words;
  std::vector<std::string> names;
  CcdsUsedOptions options;
  bool no_verify = false;
  CLI::App app(
      "The CCDs that the finished bricks were made from, each once, with the number of bricks (nbricks) and one of them "
      "(first_brick). Bricks that used a CCD with another zero point, image or calibration than others are named, and then "
      "nothing is written.",
      "survey ccds");
  app.add_option("DIR", directory, "the output directory of the bricks' runs")->required();
  app.add_option("--bricks", bricks_file, "table of bricks (survey-bricks.fits.gz)")->required();
  app.add_option("--out", out, "the table that is written")->required();
  app.add_option("--brick", names, "only this brick; repeatable");
  app.add_flag("--no-verify", no_verify, "believe files without a look at the bricks' lists of checksums");
  plan_words.add_options(app);
  if (!parse_command_line(app, argc, argv)) return 0;
  options.verify = !no_verify;
  options.cancel = cancel;
  const BrickTable table = *table_of_bricks(bricks_file);
  const std::vector<BrickOutput> bricks = output_bricks(directory, table, names);
  const std::vector<RowColumn> columns = ccds_columns(bricks, options);
  CcdConflicts conflicts;
  std::vector<fs::path> parts;
  for (const BrickGroup& group : groups_of(bricks)) {
    parts.push_back(part_file(out, group.name));
    make_ccds_part(group, columns, parts.back(), options, conflicts);
  }
  const std::int64_t ccds = merge_ccds(parts, columns, out, options, conflicts);
  remove_parts(parts);
  TerminalLog terminal(LogLevel::kInfo);
  for (const std::string& line : conflicts) Log(terminal).warning("{}", line);
  if (!conflicts.empty())
    throw input_error("bricks of two surveys lie side by side: {} differences; nothing is written",
                      conflicts.size())
        .in_file(directory.string());
  tell_checksums(plan_words.checksums, {out});
  write_stdout(fmt::format("{} CCDs of {} bricks: {}\n", ccds, bricks.size(), out.string()));
  return 0;
}

}  // namespace brickline
