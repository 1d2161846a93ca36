// survey match: another catalog matched with those of a survey.
#include "core/release/match.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"
#include "tools/survey/output_bricks.h"

namespace brickline {

namespace fs = std::filesystem;

int survey_match(int argc, char** argv, const Cancel& cancel) {
  fs::path external, catalogs_dir, bricks_file, out;
  PlanWords plan_words;
  MatchOptions options;
  bool no_verify = false, all = false;
  CLI::App app(
      "A table with the rows of another catalog, in its order: for each the record of the nearest primary source within the "
      "radius, the columns to copy from the other, the distance (DIST, arcsec) and how many sources there are (NMATCH). "
      "Without a match OBJID and DIST are -1.",
      "survey match");
  app.add_option("OTHER", external, "a FITS table with positions, ICRS degrees")->required();
  app.add_option("--catalogs", catalogs_dir, "where the survey's catalogs are looked for, at any depth")
      ->required();
  app.add_option("--out", out, "the table that is written")->required();
  app.add_option("--bricks", bricks_file, "table of bricks, for their boxes; else the catalogs' headers say");
  app.add_option("--radius", options.radius_arcsec, "arcsec")->capture_default_str();
  app.add_option("--copy", options.copied, "columns of the other catalog to copy")->delimiter(',');
  app.add_option("--columns", options.columns, "columns of the survey's catalogs (unset: all)")
      ->delimiter(',');
  app.add_flag(
      "--all", all,
      "a table of all pairs instead: row of the other catalog (EXTROW, from 0), LS_ID, BRICKID, OBJID and DIST, by row "
      "and distance");
  app.add_option("--ra", options.ra, "the other's column of RA (unset: RA, else PLUG_RA)");
  app.add_option("--dec", options.dec, "the other's column of Dec (unset: DEC, else PLUG_DEC)");
  app.add_flag("--no-verify", no_verify, "believe catalogs without a look at their lists of checksums");
  plan_words.add_options(app);
  if (!parse_command_line(app, argc, argv)) return 0;
  constexpr double kMostRadius = 3600;
  if (!(options.radius_arcsec > 0 && options.radius_arcsec <= kMostRadius))
    throw usage_error("--radius: {} is no radius from 0 to {} arcsec", options.radius_arcsec, kMostRadius);
  if (all && !(options.copied.empty() && options.columns.empty()))
    throw usage_error("--all: the table of pairs has columns of its own, neither --copy nor --columns");
  options.verify = !no_verify;
  options.cancel = cancel;
  const std::optional<BrickTable> table = table_of_bricks(bricks_file);
  const std::vector<BrickCatalog> catalogs = find_catalogs(catalogs_dir, table ? &*table : nullptr);
  const MatchReport report = (all ? match_all_pairs : match_external)(external, catalogs, out, options);
  TerminalLog terminal(LogLevel::kInfo);
  if (options.verify && report.unverified > 0)
    Log(terminal).warning("{} catalogs have no list of checksums beside them: taken as they are",
                          report.unverified);
  if (!report.unlike_errors.empty()) Log(terminal).warning("{}", report.unlike_errors);
  tell_checksums(plan_words.checksums, {out});
  const std::string pairs = all ? fmt::format(", {} pairs", report.candidates) : "";
  write_stdout(
      fmt::format("{} of {} rows have a match{}: {}\n", report.matched, report.rows, pairs, out.string()));
  return 0;
}

}  // namespace brickline
