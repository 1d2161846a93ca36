// forced-photom: fluxes of a catalog's sources on single exposures.
#include <tbb/global_control.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/environment.h"
#include "core/base/error.h"
#include "core/forced/forced_exposure.h"
#include "core/forced/positions.h"
#include "core/survey/provenance.h"
#include "tools/common/program.h"
#include "tools/forced_photom/commands.h"

namespace brickline {
namespace {

constexpr int kSomeItemsFailed = 6;

struct Words {
  std::string survey_dir, cache_dir, catalog, catalog_dir, camera, ccdname, out, out_dir, outlier_dir,
      positions, ra_column, dec_column, save_model, save_data;
  std::vector<std::string> plugin_dirs;
  std::int64_t expnum = -1;
  std::vector<int> zoom;
  int threads = 1;
  bool skip = false, no_outliers = false, no_halos = false, no_move_gaia = false, apphot = false,
       no_forced = false, positions_alone = false, correct_zero_points = false, derivs = false, agn = false,
       constant_invvar = false, no_normalize_psf = false, verbose = false;
};

void declare(CLI::App& app, Words& w) {
  app.add_option("--survey-dir", w.survey_dir, "the survey's files [$LEGACY_SURVEY_DIR]");
  app.add_option("--cache-dir", w.cache_dir, "where copies of the survey's files may be");
  app.add_option("--plugin-dir", w.plugin_dirs, "where cameras are looked for first");
  app.add_option("--catalog", w.catalog, "the sources: all rows of this file");
  app.add_option(
      "--catalog-dir", w.catalog_dir,
      "the sources: those of DIR/tractor/BBB/tractor-BRICK.fits that are on the CCD [the survey directory]");
  app.add_option("--outlier-dir", w.outlier_dir,
                 "where metrics/BBB/outlier-mask-BRICK.fits.fz is [the survey directory]");
  app.add_option(
      "--positions", w.positions,
      "measure point sources at the positions of this file (FITS, CSV, ECSV), with the catalog's beside them");
  app.add_option("--ra-column", w.ra_column, "its column of right ascension, degrees [found by name]");
  app.add_option("--dec-column", w.dec_column, "its column of declination, degrees [found by name]");
  app.add_flag("--positions-alone", w.positions_alone, "without the catalog's sources");
  app.add_option("--camera", w.camera, "only CCDs of this camera");
  app.add_option("--expnum", w.expnum, "only those of this exposure [all of the CCD table]");
  app.add_option("--ccdname", w.ccdname, "only this CCD");
  app.add_option("--zoom", w.zoom, "only these pixels of the CCD: X0 X1 Y0 Y1")->expected(4);
  app.add_option("--out", w.out, "the table to write");
  app.add_option("--out-dir", w.out_dir, "write DIR/forced/CAMERA/EEEEE/forced-CAMERA-EXPNUM.fits");
  app.add_option("--save-model", w.save_model, "a file for the models' pixels, an HDU per CCD");
  app.add_option("--save-data", w.save_data, "a file for the pixels that were fitted");
  app.add_option("--threads", w.threads, "CCDs measured side by side")->check(CLI::Range(1, 4096));
  app.add_flag("--skip", w.skip, "nothing to do if the table is there");
  app.add_flag("--no-outliers", w.no_outliers, "outlier masks are not looked at");
  app.add_flag("--no-halos", w.no_halos, "stars' halos are left in");
  app.add_flag("--no-move-gaia", w.no_move_gaia, "stars stay where the catalog has them");
  app.add_flag("--apphot", w.apphot, "apertures, too");
  app.add_flag("--derivs", w.derivs,
               "stars' places, too: derivatives fitted beside the fluxes, and full fits");
  app.add_flag("--agn", w.agn, "a nucleus at the centre of every EXP, DEV and SER galaxy, fitted with it");
  app.add_flag("--no-forced", w.no_forced, "apertures and centroids alone");
  app.add_flag("--correct-zero-points", w.correct_zero_points,
               "bring fluxes to the catalog's zero point (zpcheck)");
  app.add_flag("--constant-invvar", w.constant_invvar, "every good pixel weighs the same");
  app.add_flag("--no-normalize-psf", w.no_normalize_psf, "PSFs are taken with the sum that they have");
  app.add_flag("-v,--verbose", w.verbose, "tell more");
}

// The options that change the table, as they were given.
std::string command_line(const Words& w) {
  std::vector<CommandOption> options;
  const auto value = [&](const char* name, const std::string& text) {
    if (!text.empty()) options.push_back({name, {text}});
  };
  const auto flag = [&](const char* name, bool set) {
    if (set) options.push_back({name, {}});
  };
  value("--camera", w.camera);
  if (w.expnum >= 0) value("--expnum", std::to_string(w.expnum));
  value("--ccdname", w.ccdname);
  if (!w.zoom.empty()) {
    CommandOption zoom{"--zoom", {}};
    for (const int edge : w.zoom) zoom.values.push_back(std::to_string(edge));
    options.push_back(zoom);
  }
  flag("--no-outliers", w.no_outliers);
  flag("--no-halos", w.no_halos);
  flag("--no-move-gaia", w.no_move_gaia);
  flag("--apphot", w.apphot);
  if (!w.positions.empty()) value("--positions", std::filesystem::path(w.positions).filename().string());
  flag("--positions-alone", w.positions_alone);
  flag("--correct-zero-points", w.correct_zero_points);
  flag("--derivs", w.derivs);
  flag("--agn", w.agn);
  flag("--no-forced", w.no_forced);
  flag("--constant-invvar", w.constant_invvar);
  flag("--no-normalize-psf", w.no_normalize_psf);
  return canonical_command_line("forced-photom", options);
}

ForcedCcdOptions options_of(const Words& w, const SurveyDirectory& survey) {
  ForcedCcdOptions o;
  o.catalog_file = w.catalog;
  o.catalog_dir = w.catalog_dir.empty() ? survey.root() : std::filesystem::path(w.catalog_dir);
  o.outlier_dir = w.outlier_dir;
  if (!w.positions.empty()) o.positions = read_positions(w.positions, {w.ra_column, w.dec_column});
  o.positions_alone = w.positions_alone;
  o.correct_zero_points = w.correct_zero_points;
  o.photometry.limits = !w.positions.empty();
  o.outliers = !w.no_outliers;
  o.halos = !w.no_halos;
  o.reading.constant_weight = w.constant_invvar;
  o.reading.normalize_psf = !w.no_normalize_psf;
  if (!w.zoom.empty()) o.window = Box{w.zoom[0], w.zoom[1], w.zoom[2], w.zoom[3]};
  o.photometry.move = !w.no_move_gaia;
  o.photometry.motions = w.derivs;
  o.photometry.nuclei = w.agn;
  o.photometry.fit = !w.no_forced;
  o.photometry.apertures = w.apphot || w.no_forced;
  return o;
}

void check(const Words& w) {
  if (w.derivs && w.agn) throw usage_error("--derivs and --agn: one of them");
  if (w.out.empty() && w.out_dir.empty())
    throw usage_error("where is the table to go? (--out FILE or --out-dir DIR)");
  if (!w.out.empty() && !w.out_dir.empty()) throw usage_error("--out and --out-dir: one of them");
  if (w.expnum < 0 && w.out.empty()) throw usage_error("without --expnum the table needs a name: --out FILE");
  if (!w.catalog.empty() && !w.catalog_dir.empty())
    throw usage_error("--catalog and --catalog-dir: one of them");
  if (!w.zoom.empty() && (w.zoom[0] < 0 || w.zoom[2] < 0 || w.zoom[1] <= w.zoom[0] || w.zoom[3] <= w.zoom[2]))
    throw usage_error("--zoom {} {} {} {}: X0 X1 Y0 Y1 with 0 <= X0 < X1 and 0 <= Y0 < Y1", w.zoom[0],
                      w.zoom[1], w.zoom[2], w.zoom[3]);
}

int forced_photom(int argc, char** argv) {
  Words w;
  CLI::App app("Fluxes of a catalog's sources on single exposures: positions and shapes stay fixed.",
               "forced-photom");
  app.set_version_flag("--version", version_text("forced-photom"));
  declare(app, w);
  app.require_subcommand(0, 1);
  const Command merge = merge_command(app), light_curve = light_curve_command(app);
  if (!parse_command_line(app, argc, argv)) return 0;
  for (const Command& command : {merge, light_curve})
    if (command.app->parsed()) return command.run();
  check(w);
  TerminalLog terminal(w.verbose ? LogLevel::kInfo : LogLevel::kWarning);
  const Log log(terminal);
  const auto survey = SurveyDirectory::open(
      w.survey_dir.empty() ? std::nullopt : std::optional<std::filesystem::path>(w.survey_dir), w.cache_dir);
  const CcdTable ccds = CcdTable::read(survey, log);
  const std::vector<std::int64_t> rows =
      choose_ccds(ccds, {w.camera, w.expnum >= 0 ? std::optional(w.expnum) : std::nullopt, w.ccdname});
  const std::filesystem::path file = w.out.empty()
                                         ? forced_file(w.out_dir, ccds.row(rows.front()).camera, w.expnum)
                                         : std::filesystem::path(w.out);
  std::error_code ignored;
  if (w.skip && std::filesystem::exists(file, ignored)) {
    log.info("skipped: {} is there", file.string());
    return 0;
  }
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(w.threads));
  PluginSearch search;
  for (const std::string& directory : w.plugin_dirs) search.plugin_dirs.emplace_back(directory);
  CameraRegistry cameras = CameraRegistry::scan(search, log);
  std::map<std::string, std::int64_t> wanted;
  for (const std::int64_t row : rows) ++wanted[ccds.row(row).camera];
  cameras.load(wanted);
  const BrickTable bricks = BrickTable::read(survey);
  const ForcedCcdOptions options = options_of(w, survey);
  const ForcedSurvey from{survey, cameras, ccds, bricks, reference_options(survey, process_environment)};
  const MeasuredCcds measured = measure_ccds(from, rows, options, log);
  for (const std::string& line : measured.failed) log.warning("not measured: {}", line);
  if (measured.ccds.empty()) {
    if (!measured.failed.empty()) throw input_error("none of the {} CCDs could be measured", rows.size());
    log.warning("none of the {} CCDs has an image: no table is written", rows.size());
    return 0;
  }
  const fits::Header header = forced_header(read_survey_identity(survey), command_line(w), measured.ccds);
  if (!w.save_model.empty()) write_forced_planes(w.save_model, header, measured.ccds, ForcedPlane::kModel);
  if (!w.save_data.empty()) write_forced_planes(w.save_data, header, measured.ccds, ForcedPlane::kData);
  write_forced_table(file, header, forced_table(ccds, measured.ccds, options.photometry));
  return measured.failed.empty() ? 0 : kSomeItemsFailed;
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  return brickline::run_program("forced-photom", [&] { return brickline::forced_photom(argc, argv); });
}
