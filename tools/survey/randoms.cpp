// survey randoms: random places, with what the coadds say there.
#include "core/release/randoms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"
#include "tools/survey/dust.h"
#include "tools/survey/output_bricks.h"
#include "tools/survey/parts_command.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

void check(const RandomsOptions& options) {
  constexpr double kDensest = 1e7;  // a part's points are in memory
  if (!(options.density > 0 && options.density <= kDensest))
    throw usage_error("--density: {} is no number of points per square degree up to {:.0f}", options.density,
                      kDensest);
  if (!(options.aperture_arcsec > 0) || !std::isfinite(options.aperture_arcsec))
    throw usage_error("--aperture: {} is no radius in arcsec", options.aperture_arcsec);
}

}  // namespace

int survey_randoms(int argc, char** argv, const Cancel& cancel) {
  PartsCommand command;
  fs::path dust_dir;
  std::string photsys = " ";
  RandomsOptions options;
  bool no_dust = false;
  CLI::App app(
      "Random places in the finished bricks, uniform on the sphere, with exposures, depths, PSF sizes, aperture fluxes and "
      "masks of the coadds there. A brick's places depend on its number and the seed alone; those of a lower density are the "
      "first of those of a higher one (column LEVEL). Rows are in a random order: the first N are a fair sample. What was "
      "interrupted goes on by the same command.",
      "survey randoms");
  command.add_places(app, "the table that is written");
  app.add_option("--density", options.density, "points per square degree, up to 10000000")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "another one gives other points")->capture_default_str();
  app.add_option("--aperture", options.aperture_arcsec, "radius of the aperture photometry, arcsec")
      ->capture_default_str();
  app.add_option("--bands", options.bands, "bands, in order (unset: all that the bricks have maps of)")
      ->delimiter(',');
  app.add_option("--dust-dir", dust_dir, "SFD maps, for EBV (unset: $DUST_DIR)");
  app.add_flag("--no-dust", no_dust, "no column EBV");
  app.add_option("--photsys", photsys, "the letter for column PHOTSYS (N or S; unset: blank)");
  command.add_parts(app);
  if (!parse_command_line(app, argc, argv)) return 0;
  check(options);
  if (photsys.size() != 1) throw usage_error("--photsys: '{}' is no single letter", photsys);
  options.photsys = photsys[0];
  options.verify = !command.no_verify;
  options.cancel = cancel;
  const std::optional<DustMaps> dust =
      dust_of(dust_dir, no_dust, "the column EBV needs it", options.dust_digest);
  options.dust = dust ? &*dust : nullptr;

  const std::vector<BrickOutput> bricks = command.bricks();
  if (options.bands.empty()) options.bands = bands_of_maps(bricks);
  check_bands(options.bands);
  const auto parts = command.make_parts(bricks, [&](const BrickGroup& group, const fs::path& part) {
    make_randoms_part(group, part, options);
  });
  if (!parts) return 0;
  const Counts counts = merge_randoms(*parts, command.out, options);
  TerminalLog terminal(LogLevel::kInfo);
  tell_counts(counts, {"points", "bricks"}, Log(terminal));
  command.remove(*parts);
  tell_checksums(command.plan_words.checksums, {command.out});
  write_stdout(fmt::format("{} points in {} bricks, bands {}: {}\n", counts.at("points"), counts.at("bricks"),
                           fmt::join(options.bands, ","), command.out.string()));
  return 0;
}

}  // namespace brickline
