// survey sweep, survey summary: the tables of a survey, from the products of its bricks.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/release/brick_summary.h"
#include "core/release/sweeps.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"
#include "tools/survey/output_bricks.h"
#include "tools/survey/parts_command.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

SweepLayout sweep_layout(const std::string& name) {
  if (name == "dr11") return SweepLayout::kReference;
  if (name == "dr11+") return SweepLayout::kWithIds;
  throw usage_error("'{}' is no layout of sweeps: dr11+, dr11", name);
}

std::string lacking_words(const std::map<std::string, std::int64_t>& lacking) {
  std::string text;
  for (const auto& [column, bricks] : lacking)
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", column, bricks);
  return text;
}

}  // namespace

int survey_sweep(int argc, char** argv, const Cancel& cancel) {
  fs::path out, catalogs_dir, bricks_file;
  PlanWords plan_words;
  std::string schema = "blocksdr11", layout = "dr11+", release = "sweep";
  std::vector<std::string> names;
  bool no_verify = false, list = false;
  CLI::App app(
      "Cuts the catalogs of finished bricks into boxes of sky: three files for each box, OUT/RELEASE/sweep-BOX.fits, "
      "OUT/RELEASE-lightcurves/ and OUT/RELEASE-extra/, whose rows are the same sources. Primary sources only. A catalog "
      "that is not what its brick's list of checksums says is refused.",
      "survey sweep");
  app.add_option("OUT", out, "the directory for the files")->required();
  app.add_option("--catalogs", catalogs_dir, "where catalogs are looked for, at any depth")->required();
  app.add_option("--bricks", bricks_file, "table of bricks, for their boxes; else the catalogs' headers say");
  app.add_option("--schema", schema, "blocksdr11 (5 x 5 degrees), blocks (10 x 5), ra or dec (stripes of 1)")
      ->capture_default_str();
  app.add_option("--layout", layout,
                 "dr11+ (with 64-bit ids in each file and ngood in the main one), or dr11 as published")
      ->capture_default_str();
  app.add_option("--release", release, "the name of the directories")->capture_default_str();
  app.add_option("--box", names, "only this box (150p000-155p005); repeatable");
  app.add_flag("--list-boxes", list, "only say which boxes the bricks may have sources in, one a line");
  app.add_flag("--no-verify", no_verify, "believe catalogs without a look at their lists of checksums");
  plan_words.add_options(app);
  if (!parse_command_line(app, argc, argv)) return 0;
  SweepOptions options;
  options.schema = sweep_schema(schema);
  options.layout = sweep_layout(layout);
  options.release = release;
  options.verify = !no_verify;
  options.cancel = cancel;
  if (release.empty() || release.find('/') != std::string::npos)
    throw usage_error("--release: '{}' is no name of a directory", release);
  std::vector<SweepBox> boxes;
  for (const std::string& name : names) boxes.push_back(sweep_box_named(options.schema, name));

  const std::optional<BrickTable> table = table_of_bricks(bricks_file);
  const std::vector<BrickCatalog> catalogs = find_catalogs(catalogs_dir, table ? &*table : nullptr);
  if (names.empty()) boxes = boxes_of(catalogs, options.schema);
  if (list) {
    std::string text;
    for (const SweepBox& box : boxes) text += box.name() + "\n";
    write_stdout(text);
    return 0;
  }
  TerminalLog terminal(LogLevel::kInfo);
  const Log log(terminal);
  if (names.empty()) require_profiles_of_one_kind(catalogs);
  std::int64_t rows = 0, unverified = 0;
  bool errors_told = false;
  std::vector<fs::path> made;
  for (const SweepBox& box : boxes) {
    for (const fs::path& file : sweep_files(out, options.release, box)) plan_words.forget(file);
    const SweepReport report = make_sweep(box, catalogs, out, options, log);
    if (report.rows == 0) continue;
    rows += report.rows;
    unverified += report.unverified;
    made.insert(made.end(), report.files.begin(), report.files.end());
    if (!report.unlike_errors.empty()) log.warning("sweep {}: {}", box.name(), report.unlike_errors);
    errors_told = errors_told || !report.unlike_errors.empty();
    if (!report.lacking.empty())
      log.warning("sweep {}: columns that some bricks lack are empty in their rows: {}", box.name(),
                  lacking_words(report.lacking));
  }
  if (unverified > 0 && options.verify)
    log.warning("{} catalogs have no list of checksums beside them: taken as they are", unverified);
  if (names.empty()) {
    if (!errors_told)  // boxes apart may differ, too
      if (const std::string unlike = unlike_errors(catalogs); !unlike.empty())
        log.warning("sweeps of one release differ: {}", unlike);
    std::int64_t wanted = 0;
    for (const BrickCatalog& catalog : catalogs) wanted += primary_sources(catalog);
    if (wanted != rows)
      throw internal_error("the bricks have {} primary sources, the boxes {}", wanted, rows);
  }
  tell_checksums(plan_words.checksums, made);
  write_stdout(fmt::format("{} sources of {} bricks in {} boxes\n", rows, catalogs.size(), made.size() / 3));
  return 0;
}

int survey_summary(int argc, char** argv, const Cancel& cancel) {
  PartsCommand command;
  fs::path depth_out;
  std::vector<std::string> bands;
  CLI::App app(
      "One row for each brick that has a catalog: exposures over its unique pixels, numbers of sources, medians of depths, "
      "sizes and extinctions. What was interrupted goes on by the same command.",
      "survey summary");
  command.add_places(app, "the table that is written");
  app.add_option("--bands", bands, "bands, in order (unset: those of the catalogs)")->delimiter(',');
  app.add_option(
      "--depth-out", depth_out,
      "also the histograms of depth: one row for each brick, and their bins, in this file; the sums over "
      "all bricks beside it (-summary)");
  command.add_parts(app);
  if (!parse_command_line(app, argc, argv)) return 0;
  const std::vector<BrickOutput> bricks = command.bricks();
  if (bands.empty()) bands = bands_of_outputs(bricks);
  check_bands(bands);
  SummaryOptions options;
  options.wise = have_wise(bricks);
  options.verify = !command.no_verify;
  options.cancel = cancel;
  const auto parts = command.make_parts(bricks, [&](const BrickGroup& group, const fs::path& part) {
    make_summary_part(group, bands, part, options);
  });
  if (!parts) return 0;
  fits::FitsWriter writer;
  writer.add_empty_primary();
  writer.add_table(merge_summaries(*parts));
  writer.write(command.out);
  command.remove(*parts);
  std::vector<fs::path> made = {command.out};
  if (!depth_out.empty()) {
    const DepthSums sums = depth_sums(bricks, bands, options);
    fits::FitsWriter each;
    each.add_empty_primary();
    each.add_table(sums.per_brick);
    each.add_table(sums.edges);
    each.write(depth_out);
    fits::FitsWriter all;
    all.add_empty_primary();
    all.add_table(sums.sums);
    fs::path summary = depth_out;
    const std::string ending = summary.extension() == ".gz" ? ".fits.gz" : summary.extension().string();
    const std::string name = summary.filename().string();
    summary.replace_filename(name.substr(0, name.size() - ending.size()) + "-summary" + ending);
    all.write(summary);
    made.push_back(depth_out);
    made.push_back(summary);
  }
  tell_checksums(command.plan_words.checksums, made);
  write_stdout(
      fmt::format("{} bricks, bands {}: {}\n", bricks.size(), fmt::join(bands, ","), command.out.string()));
  return 0;
}

}  // namespace brickline
