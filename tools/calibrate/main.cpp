// calibrate: makes the PSF and sky calibrations of a survey's CCDs where they are missing.
#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/each_once.h"
#include "core/base/environment.h"
#include "core/base/error.h"
#include "core/base/exit_codes.h"
#include "core/base/typed_path.h"
#include "core/calib/calibrate.h"
#include "core/calib/calibration_record.h"
#include "core/calib/merged_calibrations.h"
#include "core/survey/ccd_table.h"
#include "tools/calibrate/exposures.h"
#include "tools/calibrate/page.h"
#include "tools/calibrate/report.h"
#include "tools/calibrate/selection.h"
#include "tools/common/program.h"
#include "tools/common/run_display.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

std::atomic<bool> interrupted = false;
extern "C" void interrupt(int) { interrupted = true; }

struct Arguments {
  std::string survey_dir;
  fs::path cache_dir;
  std::vector<fs::path> reports;
  CcdChoice choice;
  CalibrateOptions options;
  PluginSearch plugins;
  std::string gaia_dir, tycho_dir, large_galaxies, star_clusters;
  bool no_user_plugins = false, no_psf = false, no_sky = false, dry_run = false, list = false;
  bool list_exposures = false, no_halos = false, rough_wings = false;
  bool merge = false, all_found = false, trust_header = false, trust_table = false;
  fs::path checksums;
  bool no_gaia = false, no_tycho = false, no_large_galaxies = false, no_star_clusters = false;
  std::optional<int> per_job;
  int threads = 0, verbosity = 0;
};

// Both programs, where a PSF is to be made.
void find_programs(CalibrateOptions& options, const std::vector<CcdCalibration>& ccds) {
  if (std::none_of(ccds.begin(), ccds.end(),
                   [](const CcdCalibration& c) { return c.psf.state == CalibrationState::kMissing; }))
    return;
  try {
    find_psf_programs(options.psf_maker, process_environment);
  } catch (const Error& error) {
    throw input_error(
        "{}: no PSF is made without it; --source-extractor and --psfex name other places, --no-psf does without",
        error.message());
  }
}

// Of a CCD that is to be calibrated; what has none of its calibrations is not looked at any further otherwise.
void find_image(const CcdInput& input, CcdCalibration& ccd) {
  const fs::path image = input.source.locate(SurveyPlace::kImages, ccd.ccd.image_filename);
  std::error_code code;
  if (!ccd.missing() || fs::exists(image, code)) return;
  for (CalibrationStep* step : {&ccd.psf, &ccd.sky})
    if (step->state == CalibrationState::kMissing)
      *step = {CalibrationState::kFailed, fmt::format("the image {} is missing", image.string())};
}

// The words that make a command line of the same options do one job.
std::string job_lists(const std::vector<CcdCalibration>& ccds, int per_job) {
  std::string text;
  int in_line = 0;
  for (const CcdCalibration& c : ccds) {
    if (!c.missing()) continue;
    text += fmt::format("{}{}-{}", in_line ? " " : "", c.ccd.expnum, c.ccd.ccdname);
    if (++in_line == per_job) {
      text += '\n';
      in_line = 0;
    }
  }
  return in_line ? text + '\n' : text;
}

struct Merged {
  std::vector<fs::path> files;
  std::vector<std::string> lacking;  // CCDs without one of their own, "NAME (psf)"
};

// A file of each kind for every exposure's CCDs.
Merged merge(const Arguments& a, const CameraRegistry& cameras, const Calibrator& calibrator,
             const std::vector<CcdCalibration>& ccds, const Log& log) {
  std::map<std::string, std::vector<const CcdCalibration*>> exposures;
  for (const CcdCalibration& c : ccds) exposures[c.ccd.image_filename].push_back(&c);
  Merged out;
  for (const CalibrationKind kind : {CalibrationKind::kPsf, CalibrationKind::kSky})
    for (const auto& [file, members] : exposures) {
      std::vector<ToBeMerged> parts;
      for (const CcdCalibration* c : members) {
        const CalibrationStep& step = kind == CalibrationKind::kPsf ? c->psf : c->sky;
        if (step.state != CalibrationState::kNotAsked && step.state != CalibrationState::kProvided)
          parts.push_back({c->ccd, step.file, calibrator.checks(kind, c->ccd)});
      }
      if (parts.empty()) continue;
      const MergeOutcome merged = merge_calibrations(
          kind, a.options.output, cameras.camera(parts.front().ccd.camera).facts(), parts, a.all_found, log);
      for (const std::string& name : merged.missing) {
        const char* what = kind == CalibrationKind::kPsf ? "PSF" : "sky";
        out.lacking.push_back(fmt::format("{} ({})", name, what));
        log.warning("{}: no {} of its own to be merged{}", name, what,
                    merged.file.empty() ? "; nothing is written" : "");
      }
      if (!merged.file.empty()) out.files.push_back(a.options.output / merged.file);
    }
  return out;
}

// The pictures of all CCDs, as many at a time as there are threads.
std::vector<CcdOnPage> portraits(const Calibrator& calibrator, const std::vector<CcdInput>& inputs,
                                 const std::vector<CcdCalibration>& ccds, const PictureSizes& sizes) {
  std::vector<CcdOnPage> out(ccds.size());
  tbb::parallel_for(std::size_t{0}, ccds.size(), [&](std::size_t i) {
    out[i].calibration = &ccds[i];
    if (interrupted) return;
    try {
      out[i].portrait = calibrator.portrait(inputs[i]);
      reduce(*out[i].portrait, sizes);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInternal || error.kind() == ErrorKind::kResources) throw;
      out[i].no_portrait = error.line();
    } catch (const SkipCcd& skip) {
      out[i].no_portrait = skip.what();
    }
  });
  return out;
}

void write_reports(const Arguments& a, const std::string& survey, const Calibrator& calibrator,
                   const std::vector<CcdInput>& inputs, const std::vector<CcdCalibration>& ccds) {
  const PageDetail detail = detail_of_page(ccds.size());
  for (const fs::path& file : a.reports)
    if (file.extension() == ".html")
      write_file_atomically(
          file, calibration_page_html(portraits(calibrator, inputs, ccds, detail.pictures), survey, detail));
    else
      write_file_atomically(file, report_as_ecsv(ccds));
}

// Variables that are read where no option says otherwise.
constexpr const char* kVariables[] = {"GAIA_CAT_DIR",     "GAIA_CAT_PREFIX", "GAIA_CAT_VER",
                                      "GAIA_CAT_SCHEME",  "TYCHO2_KD_DIR",   "LARGEGALAXIES_CAT",
                                      "STAR_CLUSTERS_CAT"};

void add_options(CLI::App& app, Arguments& a);

// The options that were given, as text for --config. Error (kUsage) for what that would not read back as it was.
std::string configuration_of(CLI::App& app) {
  std::string text = app.config_to_str();
  Arguments ignored;
  CLI::App again;
  add_options(again, ignored);
  std::istringstream in(text);
  std::string wrong;
  try {
    again.parse_from_stream(in);
  } catch (const CLI::ParseError& error) {
    wrong = error.what();
  }
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_configurable() || option->empty()) continue;
    const std::string name = option->get_name();
    const std::vector<std::string> given = option->reduced_results();
    if (wrong.empty() && again.get_option(name)->reduced_results() == given) continue;
    for (const std::string& value : given)
      if (value.empty() || value.find_first_of("#\"'[]\n\r") != std::string::npos)
        throw usage_error(
            "{}: '{}' cannot be kept in a file of options: let it be without #, quotes, brackets and line ends",
            name, value);
    if (wrong.empty()) wrong = fmt::format("{} would be read as something else", name);
  }
  if (!wrong.empty()) throw usage_error("these options cannot be kept in a file: {}", wrong);
  return text;
}

// What other runs are to be given so that they do as this one would.
FrozenCalibrate frozen(const Arguments& a, const SurveyDirectory& survey, CLI::App& app) {
  const auto settle = [&](const char* option, const fs::path& value) {
    if (app.get_option(option)->count() == 0 && !value.empty())
      app.get_option(option)->add_result(value.string());
  };
  settle("--survey-dir", survey.root());
  if (!a.no_psf) {
    PsfMakerOptions programs = a.options.psf_maker;
    find_psf_programs(programs, process_environment);
    settle("--source-extractor", programs.source_extractor);
    settle("--psfex", programs.psfex);
  }
  FrozenCalibrate out;
  out.configuration = configuration_of(app);
  out.merge = a.merge;
  out.threads = std::max(1, a.threads);
  for (const char* name : kVariables)
    if (const auto value = process_environment(name)) out.environment[name] = *value;
  for (const auto& [name, value] : a.options.sky_maker.reading.environment) out.environment[name] = value;
  return out;
}

int run(Arguments& a, CLI::App& app, RunDisplay& terminal, const Log& log) {
  // An earlier run's says nothing of this one, however it ends.
  if (!a.checksums.empty() && !a.list_exposures && !a.list && !a.dry_run) fs::remove(a.checksums);
  const SurveyDirectory survey = SurveyDirectory::open(
      a.survey_dir.empty() ? std::nullopt : std::optional(fs::path(a.survey_dir)), a.cache_dir);
  const CcdTable table = CcdTable::read(survey, log);
  const std::vector<std::int64_t> chosen = chosen_rows(table, survey, a.choice);
  if (chosen.empty()) {
    log.warning("none of the {} CCDs of the table is chosen: nothing to do", table.rows());
    return 0;
  }
  CameraRegistry cameras = CameraRegistry::scan(a.plugins, log);
  std::map<std::string, std::int64_t> wanted;
  for (const std::int64_t row : chosen) ++wanted[table.table().text("camera", row)];
  cameras.load(wanted);

  CalibrateOptions& o = a.options;
  o.psf = !a.no_psf;
  o.sky = !a.no_sky;
  if (o.output.empty()) o.output = survey.calib();
  o.cancel = Cancel(interrupted);
  if (o.sky) {  // nothing else looks at them
    if (!a.no_gaia) require_typed("--gaia-dir", a.gaia_dir, PathKind::kDirectory);
    if (!a.no_tycho) require_typed("--tycho-dir", a.tycho_dir, PathKind::kDirectory, kTycho2File);
    if (!a.no_large_galaxies) require_typed("--large-galaxies", a.large_galaxies, PathKind::kFile);
    if (!a.no_star_clusters) require_typed("--star-clusters", a.star_clusters, PathKind::kFile);
    require_typed("--blob-mask-dir", o.sky_maker.blob_mask_dir, PathKind::kDirectory);
  }
  ReferenceOptions& references = o.sky_maker.references;
  references = reference_options(survey);
  if (!a.gaia_dir.empty()) references.gaia_dir = a.gaia_dir;
  if (!a.tycho_dir.empty()) references.tycho_file = fs::path(a.tycho_dir) / kTycho2File;
  if (!a.large_galaxies.empty()) references.large_galaxies_file = a.large_galaxies;
  if (!a.star_clusters.empty()) references.star_clusters_file = a.star_clusters;
  references.gaia = !a.no_gaia;
  references.tycho = !a.no_tycho;
  references.large_galaxies = !a.no_large_galaxies;
  references.star_clusters = !a.no_star_clusters;
  for (const Camera* camera : cameras.loaded())
    if (const auto& sky_template = camera->facts().sky.sky_template)
      if (const auto directory = process_environment(sky_template->environment))
        o.sky_maker.reading.environment[sky_template->environment] = *directory;
  o.sky_maker.reading.trust = a.trust_header  ? CcdTrust::kHeader
                              : a.trust_table ? CcdTrust::kTable
                                              : CcdTrust::kNeither;
  o.psf_maker.reading = o.sky_maker.reading;

  if (a.list_exposures) {
    const Calibrator known(survey, cameras, &table.table(), o, log);  // whether there are such settings
    write_stdout(exposure_lines(table, chosen, a.choice, a.per_job.value_or(0), frozen(a, survey, app)));
    return 0;
  }
  const std::vector<CcdRow> rows = table.rows_of(chosen);
  const CcdReader reader(survey, cameras, &table.table());
  std::vector<CcdInput> inputs;
  for (const CcdRow& row : rows) inputs.push_back(reader.input(row));
  terminal.stage_begins("looking at calibrations", 1, 2);
  std::vector<CcdCalibration> ccds =
      Calibrator(survey, cameras, &table.table(), o, log)
          .look_at(inputs, [&](std::int64_t n, std::int64_t of) { terminal.progress(n, of); });
  terminal.end(0);
  if (a.list) {
    write_stdout(job_lists(ccds, a.per_job.value_or(1)));
    return 0;
  }
  if (a.dry_run) {
    for (std::size_t i = 0; i < ccds.size(); ++i) find_image(inputs[i], ccds[i]);
    write_stdout(plan_for_people(ccds));
    return 0;
  }
  find_programs(o, ccds);
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  terminal.stage_begins("calibrating", 2, 2);
  const Calibrator calibrator(survey, cameras, &table.table(), o, log);
  calibrator.make(inputs, ccds, [&](std::int64_t n, std::int64_t of) { terminal.progress(n, of); });
  terminal.end(0);
  write_reports(a, survey.root().string(), calibrator, inputs, ccds);
  write_stdout(report_for_people(ccds) + (a.verbosity > 0 ? cost_for_people(ccds) : ""));
  if (interrupted) {
    log.warning("interrupted: what is made is whole, the same command makes the rest");
    return kInterruptedCode;
  }
  const bool failed =
      std::any_of(ccds.begin(), ccds.end(), [](const CcdCalibration& c) { return c.failed(); });
  const Merged merged = a.merge ? merge(a, cameras, calibrator, ccds, log) : Merged();
  if (!a.checksums.empty())
    write_calibration_record(a.checksums, calibrator, ccds, merged.files, merged.lacking);
  return failed || !merged.lacking.empty() ? kSomeItemsFailed : 0;
}

void add_options(CLI::App& app, Arguments& a) {
  CalibrateOptions& o = a.options;
  const char* what = "Which CCDs";
  app.add_option(
         "ITEMS", a.choice.items,
         "EXPNUM-CCDNAME, a row of the CCD table (from 0), or @FILE of such: a text, or a FITS table with "
         "expnum and ccdname")
      ->configurable(false);
  app.add_option("--expnum", a.choice.expnums, "all CCDs of an exposure; repeatable")
      ->delimiter(',')
      ->configurable(false)
      ->group(what);
  app.add_option(
         "--brick,--touching", a.choice.bricks,
         "those that touch a brick, or those of @FILE: a text, or a FITS table with brickname; repeatable")
      ->delimiter(',')
      ->configurable(false)
      ->group(what);
  app.add_option("--region", a.choice.region, "RA_LO RA_HI DEC_LO DEC_HI: those that touch its bricks")
      ->expected(4)
      ->configurable(false)
      ->group(what);
  app.add_option("--bands", a.choice.bands, "only these bands: g,r,z")->delimiter(',')->group(what);
  app.add_flag("--ignore-cuts", a.choice.ignore_cuts, "those with ccd_cuts, too")->group(what);
  const char* how = "How";
  app.add_flag("--no-psf", a.no_psf, "no PSF models")->group(how);
  app.add_flag("--no-sky", a.no_sky, "no sky models")->group(how);
  app.add_flag("--force", o.force, "make valid ones again")->group(how);
  app.add_flag("--dry-run", a.dry_run, "only say what would be made, and why")
      ->configurable(false)
      ->group(how);
  app.add_flag("--list", a.list, "only print the CCDs that lack something, for a batch system")
      ->configurable(false)
      ->group(how);
  app.add_flag(
         "--list-exposures", a.list_exposures,
         "only print the chosen CCDs by exposure, and the options as other runs take them: lines of JSON, "
         "for survey plan")
      ->configurable(false)
      ->group(how);
  app.add_option("--per-job", a.per_job,
                 "with --list: CCDs in a line; with --list-exposures: at most; 0: all")
      ->check(CLI::Range(0, 100000))
      ->configurable(false)
      ->group(how);
  app.add_option("--threads", a.threads, "CCDs at a time; 0 for all cores")
      ->check(CLI::Range(0, 4096))
      ->configurable(false)
      ->group(how);
  app.add_option(
         "--checksums", a.checksums,
         "write the checksums of all calibrations that are valid or made to this file, and what became of "
         "each CCD")
      ->configurable(false)
      ->group(how);
  app.set_config("--config", "", "options from a file, as survey plan writes it")->group(how);
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--set", o.settings,
                 "KEY=VALUE: a fact of the camera, such as sky.box_pixels=128; repeatable")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false)
      ->group(how);
  app.add_flag("--old-calibs-ok", o.sky_maker.reading.old_calibs_ok,
               "calibrations and images of another reduction are good, too")
      ->group(how);
  app.add_flag("--trust-header", a.trust_header,
               "where an image's WCS and the CCD table disagree, believe the image's header")
      ->group(how);
  app.add_flag("--trust-table", a.trust_table,
               "the same, but believe the CCD table's linear WCS; and its band, where a header says another")
      ->excludes("--trust-header")
      ->group(how);
  app.add_option(
         "--report", a.reports,
         "the report: a page with pictures if the name ends in .html, else a table (ECSV); repeatable")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false)
      ->configurable(false)
      ->group(how);
  app.add_flag("--merge", a.merge, "then one PSF and one sky file per exposure, of all the CCDs chosen")
      ->group(how);
  app.add_flag("--all-found", a.all_found, "with --merge: nothing for an exposure that lacks one")
      ->group(how);
  const char* psf = "PSF";
  app.add_option("--source-extractor", o.psf_maker.source_extractor, "the program (else on the PATH)")
      ->group(psf);
  app.add_option("--psfex", o.psf_maker.psfex, "the program (else on the PATH)")->group(psf);
  app.add_option("--min-stars", o.psf_maker.min_stars, "that psfex must have accepted")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str()
      ->group(psf);
  app.add_flag("--rough-wings", a.rough_wings, "leave the model's wings as noisy as psfex makes them")
      ->group(psf);
  app.add_option("--time-limit", o.psf_maker.time_limit_seconds, "seconds, of either program")
      ->check(CLI::Range(1., 1e6))
      ->capture_default_str()
      ->group(psf);
  app.add_flag("--keep-catalogs", o.keep_catalogs, "keep source-extractor's catalogs, below calib/se")
      ->group(psf);
  app.add_option("--scratch", o.psf_maker.scratch_parent,
                 "directory of temporary files (else $TMPDIR or /tmp)")
      ->group(psf);
  app.add_flag("--keep-scratch", o.psf_maker.keep_scratch, "leave temporary files where they are")
      ->group(psf);
  const char* sky = "Sky";
  app.add_option("--blob-mask-dir", o.sky_maker.blob_mask_dir,
                 "products of an earlier run, whose blobs are masked: DIR/metrics/...")
      ->group(sky);
  app.add_flag("--no-halos", a.no_halos, "leave bright stars' halos in")->group(sky);
  app.add_option("--gaia-dir", a.gaia_dir, "Gaia's files (else $GAIA_CAT_DIR)")->group(sky);
  app.add_option("--tycho-dir", a.tycho_dir,
                 "directory of tycho2.kd.fits (else $TYCHO2_KD_DIR, or the survey's)")
      ->group(sky);
  app.add_option("--large-galaxies", a.large_galaxies, "their catalog (else $LARGEGALAXIES_CAT)")->group(sky);
  app.add_option("--star-clusters", a.star_clusters, "their table (else $STAR_CLUSTERS_CAT, or the survey's)")
      ->group(sky);
  app.add_flag("--no-gaia", a.no_gaia, "without Gaia's stars")->group(sky);
  app.add_flag("--no-tycho", a.no_tycho, "without Tycho-2's stars")->group(sky);
  app.add_flag("--no-large-galaxies", a.no_large_galaxies, "without large galaxies")->group(sky);
  app.add_flag("--no-star-clusters", a.no_star_clusters, "without star clusters")->group(sky);
  const char* places = "Places";
  app.add_option("--survey-dir", a.survey_dir, "the survey's directory (else $LEGACY_SURVEY_DIR)")
      ->group(places);
  app.add_option("--cache-dir", a.cache_dir, "copies of its files, looked at first")->group(places);
  app.add_option("--outdir", o.output, "where calibrations go (else SURVEY/calib)")->group(places);
  app.add_option("--plugin-dir", a.plugins.plugin_dirs,
                 "directory of camera plugins, searched first; repeatable")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false)
      ->group(places);
  app.add_flag("--no-user-plugins", a.no_user_plugins, "leave out the user's own directory")->group(places);
  app.add_flag("--allow-insecure-plugins", a.plugins.allow_insecure, "use files that everyone may write to")
      ->group(places);
  app.add_flag("-v,--verbose", a.verbosity, "say more, and what each step cost")->configurable(false);
}

int calibrate(int argc, char** argv) {
  Arguments a;
  CLI::App app(
      "Makes the PSF and sky models of a survey's CCDs where they are missing or not valid. Exit code 6 if some "
      "failed.",
      "calibrate");
  app.set_version_flag("--version", version_text("calibrate"));
  add_options(app, a);
  if (!parse_command_line(app, argc, argv)) return 0;
  if (a.list && a.per_job == 0) throw usage_error("--per-job: with --list, at least 1");
  if (a.list_exposures && a.options.force)
    throw usage_error("--force cannot be among the options of a plan: every attempt would make all again");
  if (a.no_psf && a.no_sky) throw usage_error("--no-psf and --no-sky leave nothing to do");
  a.plugins.use_user_directory = !a.no_user_plugins;
  RunDisplay terminal(a.verbosity > 1   ? LogLevel::kDebug
                      : a.verbosity > 0 ? LogLevel::kInfo
                                        : LogLevel::kWarning,
                      RunDisplay::form_of_stderr(false));
  std::unique_ptr<tbb::global_control> limit;
  if (a.threads > 0)
    limit = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                  static_cast<std::size_t>(a.threads));
  EachOnce once{Log(terminal)};
  a.options.sky_maker.halos = !a.no_halos;
  a.options.psf_maker.smooth_wings = !a.rough_wings;
  return run(a, app, terminal, Log(once));
}

}  // namespace
}  // namespace brickline

int main(int argc, char** argv) {
  return brickline::run_program("calibrate", [&] { return brickline::calibrate(argc, argv); });
}
