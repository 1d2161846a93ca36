#include <CLI/CLI.hpp>
#include <filesystem>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/typed_path.h"
#include "core/forced/positions.h"
#include "core/survey/provenance.h"
#include "tools/forced_photom/measuring.h"

namespace brickline {
namespace {

void declare_sources(CLI::App& app, MeasuringWords& w) {
  app.add_option(
      "--catalog", w.catalog,
      "the sources: the rows of this file, wherever they are, each source once (but for DUP, NUN and rows without a match)");
  app.add_option(
      "--catalog-dir", w.catalog_dir,
      "the sources: those of DIR/tractor/BBB/tractor-BRICK.fits that are on the CCD [the survey directory]");
  app.add_option("--catalog-dir-north", w.catalog_dir_north,
                 "the same of a survey in two parts: the north's; with the two that follow");
  app.add_option("--catalog-dir-south", w.catalog_dir_south, "the south's");
  app.add_option("--catalog-resolve-dec-ngc", w.resolve_dec,
                 "declination where the north begins, degrees, north of the Galaxy's plane");
  app.add_option(
      "--positions", w.positions,
      "measure point sources at the positions of this file (FITS, VOTable, CSV, ECSV), with the catalog's "
      "beside them; positions within 0.1 arcsec are one, and so are they with a star of the catalog");
  app.add_option("--ra-column", w.ra_column, "its column of right ascension, degrees [found by name]");
  app.add_option("--dec-column", w.dec_column, "its column of declination, degrees [found by name]");
  app.add_flag("--positions-alone", w.positions_alone, "without the catalog's sources");
}

void declare_exposures(CLI::App& app, MeasuringWords& w) {
  app.add_option("--camera", w.camera, "only CCDs of this camera");
  app.add_option("--expnum", w.expnum, "only those of this exposure [all of the CCD table]");
  app.add_option("--ccdname", w.ccdname, "only this CCD");
  app.add_option("--zoom", w.zoom, "only these pixels of the CCD: X0 X1 Y0 Y1")->expected(4);
  app.add_option(
      "--list", w.list,
      "the exposures of this file, each a table of its own below --out-dir: lines EXPNUM, CAMERA EXPNUM or "
      "CAMERA EXPNUM CCDNAME. What a run before has made of the same is left; what is stale is made anew");
  app.add_flag("--redo", w.redo, "of a list: all, also what is there and valid");
  app.add_flag("--check-done", w.check_done,
               "of a list: measure nothing, say what is not done (exit code 7)");
  app.add_option("--report", w.report, "of a list: a table of what became of each exposure (ECSV)");
}

void declare_outputs(CLI::App& app, MeasuringWords& w) {
  app.add_option("--out", w.out, "the table to write");
  app.add_option("--out-dir", w.out_dir, "write DIR/forced/CAMERA/EEEEE/forced-CAMERA-EXPNUM.fits");
  app.add_option("--save-model", w.save_model, "a file for the models' pixels, an HDU per CCD");
  app.add_option("--save-data", w.save_data, "a file for the pixels that were fitted");
  app.add_option("--write-cat", w.write_cat, "a file for the catalog's rows that were used, a table per CCD");
  app.add_option("--outlier-mask", w.outlier_mask,
                 "a file for the outlier masks of whole CCDs, put together from the bricks' [with --out-dir: "
                 "DIR/outlier-masks/IMAGE-outlier.fits.fz]")
      ->expected(0, 1);
  app.add_option(
      "--cutouts", w.cutouts,
      "of --positions: a file for the pixels around each: image, model, residual, inverse variance");
  app.add_option("--cutout-size", w.cutout_size, "pixels to either side")->check(CLI::Range(1, 1000));
  app.add_option("--plots", w.plots,
                 "pictures BASE-CAMERA-EXPNUM-CCDNAME.jpg: the pixels that were fitted, the models, what is "
                 "left, side by side");
  app.add_flag("--skip", w.skip, "nothing to do if the table is there, with all of its CCDs");
}

void declare_measurements(CLI::App& app, MeasuringWords& w) {
  app.add_flag("--no-outliers", w.no_outliers, "outlier masks are not looked at");
  app.add_flag("--no-halos,--no-gaia", w.no_halos, "stars' halos are left in");
  app.add_option("--gaia-dir", w.gaia_dir, "Gaia's stars, of halos [$GAIA_CAT_DIR]");
  app.add_option("--large-galaxies", w.large_galaxies,
                 "large galaxies, whose light reaches CCDs from outside [$LARGEGALAXIES_CAT]");
  app.add_flag("--no-large-galaxies", w.no_large_galaxies,
               "light of galaxies that are in no catalog of the CCD's bricks is left in");
  app.add_flag("--no-move-gaia", w.no_move_gaia, "stars stay where the catalog has them");
  app.add_flag("--apphot", w.apphot, "apertures, too");
  app.add_flag("--derivs", w.derivs,
               "stars' places, too: derivatives fitted beside the fluxes, and full fits");
  app.add_flag("--agn", w.agn, "a nucleus at the centre of every EXP, DEV and SER galaxy, fitted with it");
  app.add_flag("--no-forced", w.no_forced, "apertures and centroids alone");
  app.add_flag("--correct-zero-points", w.correct_zero_points,
               "bring fluxes to the catalog's zero point (zpcheck)");
  app.add_flag("--trust-header", w.trust_header,
               "where an image's WCS and the CCD table disagree, believe the image's header");
  app.add_flag("--trust-table", w.trust_table,
               "the same, but believe the CCD table's linear WCS; and its band, where a header says another")
      ->excludes("--trust-header");
  app.add_flag("--constant-invvar", w.constant_invvar, "every good pixel weighs the same");
  app.add_flag("--no-normalize-psf", w.no_normalize_psf, "PSFs are taken with the sum that they have");
}

// Words of scripts for the reference pipeline's tool.
void declare_others(CLI::App& app, MeasuringWords& w) {
  app.add_flag("--no-ceres", w.no_effect, "without effect: there is one solver, and it is exact");
  app.add_option("--ceres-threads", w.ceres_threads, "without effect");
  app.add_flag("--skip-calibs", w.no_effect, "without effect: calibrations are never made by this program");
  app.add_flag("--no-hybrid-psf", w.no_effect,
               "without effect: pixels of the PSF are always used as they are");
}

}  // namespace

void declare_measuring(CLI::App& app, MeasuringWords& w) {
  app.add_option("--survey-dir", w.survey_dir, "the survey's files [$LEGACY_SURVEY_DIR]");
  app.add_option("--cache-dir", w.cache_dir, "where copies of the survey's files may be");
  app.add_flag("--pre-cache", w.pre_cache,
               "copy the images and calibrations into --cache-dir first, where they are not");
  app.add_option("--plugin-dir", w.plugin_dirs, "where cameras are looked for first");
  app.add_option("--outlier-dir", w.outlier_dir,
                 "where metrics/BBB/outlier-mask-BRICK.fits.fz is [the survey directory]");
  declare_sources(app, w);
  declare_exposures(app, w);
  declare_outputs(app, w);
  declare_measurements(app, w);
  app.add_option("--threads", w.threads, "CCDs measured side by side")->check(CLI::Range(1, 4096));
  declare_others(app, w);
  app.add_flag("-v,--verbose", w.verbosity, "tell more");
}

void check_measuring(const CLI::App& app, MeasuringWords& w) {
  if (w.pre_cache && w.cache_dir.empty())
    throw usage_error("--pre-cache: into which directory? (--cache-dir DIR)");
  w.wants_outlier_mask = app.count("--outlier-mask") > 0;
  std::erase(w.outlier_mask, "");
  if (w.derivs && w.agn) throw usage_error("--derivs and --agn: one of them");
  if (w.correct_zero_points && (w.no_forced || w.positions_alone))
    throw usage_error("--correct-zero-points compares fluxes of the catalog's stars, which {} does without",
                      w.no_forced ? "--no-forced" : "--positions-alone");
  if (!w.list.empty()) {
    if (w.out_dir.empty() || !w.out.empty()) throw usage_error("--list: the tables go below --out-dir DIR");
    if (w.expnum >= 0 || !w.camera.empty() || !w.ccdname.empty())
      throw usage_error("--list says which exposures: without --camera, --expnum, --ccdname");
    for (const auto& [option, value] : {std::pair{"--save-model", &w.save_model},
                                        {"--save-data", &w.save_data},
                                        {"--write-cat", &w.write_cat},
                                        {"--cutouts", &w.cutouts}})
      if (!value->empty())
        throw usage_error("{} is one file: of one exposure (--expnum), not of a list", option);
    if (!w.plots.empty()) throw usage_error("--plots: of one exposure (--expnum), not of a list");
    if (w.skip) throw usage_error("--skip: of a list what is there and valid is left anyway");
    if (w.wants_outlier_mask) throw usage_error("--outlier-mask: of one exposure (--expnum), not of a list");
  } else if (w.redo || w.check_done || !w.report.empty()) {
    throw usage_error("--redo, --check-done and --report are of a list (--list FILE)");
  }
  if (w.out.empty() && w.out_dir.empty())
    throw usage_error("where is the table to go? (--out FILE or --out-dir DIR)");
  if (!w.out.empty() && !w.out_dir.empty()) throw usage_error("--out and --out-dir: one of them");
  if (w.list.empty() && w.expnum < 0 && w.out.empty())
    throw usage_error("without --expnum the table needs a name: --out FILE");
  if (!w.catalog.empty() && !w.catalog_dir.empty())
    throw usage_error("--catalog and --catalog-dir: one of them");
  const int parts = !w.catalog_dir_north.empty() + !w.catalog_dir_south.empty() + (w.resolve_dec > -1000);
  if (parts != 0 && (parts != 3 || !w.catalog.empty() || !w.catalog_dir.empty()))
    throw usage_error(
        "--catalog-dir-north, --catalog-dir-south and --catalog-resolve-dec-ngc: the three together, without "
        "--catalog and --catalog-dir");
  if (w.wants_outlier_mask && w.outlier_mask.empty() && w.out_dir.empty())
    throw usage_error("--outlier-mask needs a file, or --out-dir");
  if (w.wants_outlier_mask && w.no_outliers)
    throw usage_error("--outlier-mask and --no-outliers: one of them");
  if (!w.cutouts.empty() && w.positions.empty()) throw usage_error("--cutouts are of --positions FILE");
  if (w.positions_alone && w.positions.empty())
    throw usage_error("--positions-alone: of which list? (--positions FILE)");
  if (!w.zoom.empty() && (w.zoom[0] < 0 || w.zoom[2] < 0 || w.zoom[1] <= w.zoom[0] || w.zoom[3] <= w.zoom[2]))
    throw usage_error("--zoom {} {} {} {}: X0 X1 Y0 Y1 with 0 <= X0 < X1 and 0 <= Y0 < Y1", w.zoom[0],
                      w.zoom[1], w.zoom[2], w.zoom[3]);
}

std::string command_line_of(const MeasuringWords& w) {
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
  value("--catalog", std::filesystem::path(w.catalog).filename().string());
  if (w.resolve_dec > -1000) value("--catalog-resolve-dec-ngc", fmt::format("{}", w.resolve_dec));
  flag("--no-outliers", w.no_outliers);
  flag("--no-halos", w.no_halos);
  flag("--no-large-galaxies", w.no_large_galaxies);
  flag("--no-move-gaia", w.no_move_gaia);
  flag("--apphot", w.apphot);
  if (!w.positions.empty()) value("--positions", std::filesystem::path(w.positions).filename().string());
  value("--ra-column", w.ra_column);
  value("--dec-column", w.dec_column);
  flag("--positions-alone", w.positions_alone);
  flag("--correct-zero-points", w.correct_zero_points);
  flag("--derivs", w.derivs);
  flag("--agn", w.agn);
  flag("--no-forced", w.no_forced);
  flag("--trust-header", w.trust_header);
  flag("--trust-table", w.trust_table);
  flag("--constant-invvar", w.constant_invvar);
  flag("--no-normalize-psf", w.no_normalize_psf);
  return canonical_command_line("forced-photom", options);
}

ForcedCcdOptions measuring_options(const MeasuringWords& w, const SurveyDirectory& survey, const Log& log) {
  for (const auto& [option, directory] : {std::pair{"--catalog-dir", &w.catalog_dir},
                                          {"--catalog-dir-north", &w.catalog_dir_north},
                                          {"--catalog-dir-south", &w.catalog_dir_south}})
    require_typed(option, *directory, PathKind::kDirectory);
  if (!w.no_outliers) require_typed("--outlier-dir", w.outlier_dir, PathKind::kDirectory);
  if (!w.no_halos) require_typed("--gaia-dir", w.gaia_dir, PathKind::kDirectory);
  if (!w.no_large_galaxies) require_typed("--large-galaxies", w.large_galaxies, PathKind::kFile);
  ForcedCcdOptions o;
  o.catalog_file = w.catalog;
  if (w.catalog_dir_north.empty()) {
    o.catalogs.all = w.catalog_dir.empty() ? survey.root() : std::filesystem::path(w.catalog_dir);
  } else {
    o.catalogs.north = w.catalog_dir_north;
    o.catalogs.south = w.catalog_dir_south;
    o.catalogs.resolve_dec = w.resolve_dec;
  }
  o.outlier_dir = w.outlier_dir;
  if (!w.positions.empty()) {
    o.positions = read_positions(w.positions, {w.ra_column, w.dec_column});
    if (const std::size_t senseless = count_senseless(*o.positions); senseless > 0)
      log.warning("{}: {} of {} positions are none (no numbers, or |dec| > 90): they are left out",
                  w.positions, senseless, o.positions->size());
  }
  o.positions_alone = w.positions_alone;
  o.fill_cache = w.pre_cache;
  o.correct_zero_points = w.correct_zero_points;
  o.photometry.limits = !w.positions.empty();
  o.outliers = !w.no_outliers;
  o.keep_outlier_mask = w.wants_outlier_mask;
  o.keep_pixels = !w.save_model.empty() || !w.save_data.empty() || !w.cutouts.empty() || !w.plots.empty();
  o.halos = !w.no_halos;
  o.reading.trust = w.trust_header  ? CcdTrust::kHeader
                    : w.trust_table ? CcdTrust::kTable
                                    : CcdTrust::kNeither;
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

std::string further_options(const MeasuringWords& w, const ForcedCcdOptions& options) {
  std::string out =
      fmt::format(" | {} {} {} {} {}", w.catalog, options.catalogs.all.string(),
                  options.catalogs.north.string(), options.catalogs.south.string(), w.outlier_dir);
  if (options.positions) {
    std::string bytes;
    for (const SkyPosition& p : *options.positions) bytes += fmt::format("{} {}\n", p.ra, p.dec);
    out += " " + sha256_hex(bytes);
  }
  return out;
}

}  // namespace brickline
