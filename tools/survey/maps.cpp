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
#include "tools/survey/parts_command.h"

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

int survey_maps(int argc, char** argv, const Cancel& cancel) {
  PartsCommand command;
  SkyMapsOptions options;
  int nside = 256;
  CLI::App app(
      "HEALPix maps of the finished bricks' unique areas: per band the covered fraction of each cell, mean exposures, depths "
      "and PSF sizes, and per bit of MASKBITS the fraction that has it (OUT/survey-maps.fits: partial sky, nested, one column "
      "a map); and the coverage, of any band and of each, as MOC 2.0 (OUT/moc.fits, moc-BAND.fits). What was interrupted goes "
      "on by the same command.",
      "survey maps");
  command.add_places(app, "the directory for the files");
  app.add_option("--nside", nside, "of the maps: a power of two, up to 4096")->capture_default_str();
  app.add_option("--moc-order", options.moc_order, "of the coverage's smallest cells (13: 26 arcsec)")
      ->capture_default_str();
  app.add_option("--bands", options.bands, "bands, in order (unset: all that the bricks have maps of)")
      ->delimiter(',');
  command.add_parts(app);
  if (!parse_command_line(app, argc, argv)) return 0;
  options.order = order_of(nside);
  constexpr int kDeepestMoc = 20;
  if (options.moc_order < 0 || options.moc_order > kDeepestMoc)
    throw usage_error("--moc-order: {} is not from 0 to {}", options.moc_order, kDeepestMoc);
  options.verify = !command.no_verify;
  options.cancel = cancel;

  const std::vector<BrickOutput> bricks = command.bricks();
  if (options.bands.empty()) options.bands = bands_of_maps(bricks);
  check_bands(options.bands);
  const auto parts = command.make_parts(
      bricks, [&](const BrickGroup& group, const fs::path& part) { make_maps_part(group, part, options); });
  if (!parts) return 0;
  const Counts counts = merge_maps(*parts, command.out, options);
  TerminalLog terminal(LogLevel::kInfo);
  tell_counts(counts, {"cells", "bricks"}, Log(terminal));
  command.remove(*parts);
  std::vector<fs::path> files = {command.out / "survey-maps.fits", command.out / "moc.fits"};
  for (const std::string& band : options.bands) files.push_back(command.out / ("moc-" + band + ".fits"));
  tell_checksums(command.plan_words.checksums, files);
  write_stdout(fmt::format("{} cells of {} bricks, bands {}: {}\n", counts.at("cells"), counts.at("bricks"),
                           fmt::join(options.bands, ","), command.out.string()));
  return 0;
}

}  // namespace brickline
