// survey maps: HEALPix maps and coverage of a survey.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/release/nested_cells.h"
#include "core/release/sky_maps.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"
#include "tools/survey/output_bricks.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

int order_of(int nside) {
  constexpr int kMost = 4096;
  for (int order = 0; 1 << order <= kMost; ++order)
    if (1 << order == nside) return order;
  throw usage_error("--nside: {} is no power of two up to {}", nside, kMost);
}

}  // namespace

int survey_maps(int argc, char** argv) {
  fs::path directory, bricks_file, out;
  PlanWords plan_words;
  std::vector<std::string> names;
  std::string group;
  SkyMapsOptions options;
  int nside = 256;
  bool no_verify = false, keep = false, list = false;
  CLI::App app(
      "HEALPix maps of the finished bricks' unique areas: per band the covered fraction of each cell, mean exposures, depths "
      "and PSF sizes, and per bit of MASKBITS the fraction that has it (OUT/survey-maps.fits: partial sky, nested, one column "
      "a map); and the coverage, of any band and of each, as MOC 2.0 (OUT/moc.fits, moc-BAND.fits). What was interrupted goes "
      "on by the same command.",
      "survey maps");
  app.add_option("DIR", directory, "the output directory of the bricks' runs")->required();
  app.add_option("--bricks", bricks_file, "table of bricks (survey-bricks.fits.gz)")->required();
  app.add_option("--out", out, "the directory for the files")->required();
  app.add_option("--nside", nside, "of the maps: a power of two, up to 4096")->capture_default_str();
  app.add_option("--moc-order", options.moc_order, "of the coverage's smallest cells (13: 26 arcsec)")
      ->capture_default_str();
  app.add_option("--bands", options.bands, "bands, in order (unset: all that the bricks have maps of)")
      ->delimiter(',');
  app.add_option("--brick", names, "only this brick; repeatable");
  app.add_option(
      "--group", group,
      "only the part of bricks whose names begin so (150), into OUT.parts: for many machines; in the end the "
      "command without it puts the parts together");
  app.add_flag("--list-groups", list, "only say which groups there are, one a line");
  app.add_flag("--keep-parts", keep, "leave OUT.parts behind");
  app.add_flag("--no-verify", no_verify, "believe files without a look at the bricks' lists of checksums");
  plan_words.add_options(app);
  if (!parse_command_line(app, argc, argv)) return 0;
  options.order = order_of(nside);
  constexpr int kDeepestMoc = 20;
  if (options.moc_order < 0 || options.moc_order > kDeepestMoc)
    throw usage_error("--moc-order: {} is not from 0 to {}", options.moc_order, kDeepestMoc);
  options.verify = !no_verify;

  const BrickTable table = *table_of_bricks(bricks_file);
  const std::vector<BrickOutput> bricks = output_bricks(directory, table, names);
  if (options.bands.empty()) options.bands = bands_of_maps(bricks);
  const std::vector<BrickGroup> groups = groups_of(bricks);
  if (list) {
    std::string text;
    for (const BrickGroup& g : groups) text += g.name + "\n";
    write_stdout(text);
    return 0;
  }
  if (!group.empty()) {
    plan_words.forget(part_file(out, group));
    make_maps_part(group_named(groups, group), part_file(out, group), options);
    tell_checksums(plan_words.checksums, {part_file(out, group)});
    write_stdout(fmt::format("{}\n", part_file(out, group).string()));
    return 0;
  }
  std::vector<fs::path> parts;
  for (const BrickGroup& g : groups) {
    parts.push_back(part_file(out, g.name));
    plan_words.forget(parts.back());
    make_maps_part(g, parts.back(), options);
  }
  const Counts counts = merge_maps(parts, out, options);
  TerminalLog terminal(LogLevel::kInfo);
  tell_counts(counts, {"cells", "bricks"}, Log(terminal));
  if (!keep) remove_parts(parts);
  std::vector<fs::path> files = {out / "survey-maps.fits", out / "moc.fits"};
  for (const std::string& band : options.bands) files.push_back(out / ("moc-" + band + ".fits"));
  tell_checksums(plan_words.checksums, files);
  write_stdout(fmt::format("{} cells of {} bricks, bands {}: {}\n", counts.at("cells"), counts.at("bricks"),
                           fmt::join(options.bands, ","), out.string()));
  return 0;
}

}  // namespace brickline
