// survey randoms: random places, with what the coadds say there.
#include "core/release/randoms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/environment.h"
#include "core/base/error.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"
#include "tools/survey/output_bricks.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

void check(const RandomsOptions& options) {
  if (!(options.density > 0) || !std::isfinite(options.density))
    throw usage_error("--density: {} is no number of points per square degree", options.density);
  if (!(options.aperture_arcsec > 0) || !std::isfinite(options.aperture_arcsec))
    throw usage_error("--aperture: {} is no radius in arcsec", options.aperture_arcsec);
}

std::optional<DustMaps> dust_of(fs::path directory, bool no_dust) {
  if (no_dust) return {};
  if (directory.empty()) directory = process_environment("DUST_DIR").value_or("");
  if (directory.empty())
    throw usage_error(
        "--dust-dir (or $DUST_DIR) is missing: the column EBV needs it; --no-dust does without");
  return DustMaps::read(directory);
}

}  // namespace

int survey_randoms(int argc, char** argv) {
  fs::path directory, bricks_file, out, dust_dir;
  PlanWords plan_words;
  std::vector<std::string> names;
  std::string group, photsys = " ";
  RandomsOptions options;
  bool no_dust = false, no_verify = false, keep = false, list = false;
  CLI::App app(
      "Random places in the finished bricks, uniform on the sphere, with exposures, depths, PSF sizes, aperture fluxes and "
      "masks of the coadds there. A brick's places depend on its number and the seed alone; those of a lower density are the "
      "first of those of a higher one (column LEVEL). Rows are in a random order: the first N are a fair sample. What was "
      "interrupted goes on by the same command.",
      "survey randoms");
  app.add_option("DIR", directory, "the output directory of the bricks' runs")->required();
  app.add_option("--bricks", bricks_file, "table of bricks (survey-bricks.fits.gz)")->required();
  app.add_option("--out", out, "the table that is written")->required();
  app.add_option("--density", options.density, "points per square degree")->capture_default_str();
  app.add_option("--seed", options.seed, "another one gives other points")->capture_default_str();
  app.add_option("--aperture", options.aperture_arcsec, "radius of the aperture photometry, arcsec")
      ->capture_default_str();
  app.add_option("--bands", options.bands, "bands, in order (unset: all that the bricks have maps of)")
      ->delimiter(',');
  app.add_option("--dust-dir", dust_dir, "SFD maps, for EBV (unset: $DUST_DIR)");
  app.add_flag("--no-dust", no_dust, "no column EBV");
  app.add_option("--photsys", photsys, "the letter for column PHOTSYS (N or S; unset: blank)");
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
  check(options);
  if (photsys.size() != 1) throw usage_error("--photsys: '{}' is no single letter", photsys);
  options.photsys = photsys[0];
  options.verify = !no_verify;
  const std::optional<DustMaps> dust = dust_of(dust_dir, no_dust);
  options.dust = dust ? &*dust : nullptr;

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
    make_randoms_part(group_named(groups, group), part_file(out, group), options);
    tell_checksums(plan_words.checksums, {part_file(out, group)});
    write_stdout(fmt::format("{}\n", part_file(out, group).string()));
    return 0;
  }
  std::vector<fs::path> parts;
  for (const BrickGroup& g : groups) {
    parts.push_back(part_file(out, g.name));
    plan_words.forget(parts.back());
    make_randoms_part(g, parts.back(), options);
  }
  const Counts counts = merge_randoms(parts, out, options);
  TerminalLog terminal(LogLevel::kInfo);
  tell_counts(counts, {"points", "bricks"}, Log(terminal));
  if (!keep) remove_parts(parts);
  tell_checksums(plan_words.checksums, {out});
  write_stdout(fmt::format("{} points in {} bricks, bands {}: {}\n", counts.at("points"), counts.at("bricks"),
                           fmt::join(options.bands, ","), out.string()));
  return 0;
}

}  // namespace brickline
