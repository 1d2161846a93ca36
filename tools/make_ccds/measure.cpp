#include "tools/make_ccds/measure.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <set>
#include <utility>

#include "core/base/environment.h"
#include "core/base/error.h"
#include "core/base/exit_codes.h"
#include "core/base/file_digest.h"
#include "core/base/read_log.h"
#include "core/base/typed_path.h"
#include "core/base/version.h"
#include "core/catalog/dust.h"
#include "core/model/simd.h"
#include "core/survey/survey_identity.h"
#include "core/zeropoints/measured_row_file.h"
#include "tools/common/program.h"
#include "tools/make_ccds/report.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
constexpr const char* kGroup = "Zero points from stars (--measure)";
constexpr const char* kConstants = "Constants of --measure";

// An option's directory, else a variable's.
std::string directory(const std::string& option, const char* variable) {
  return option.empty() ? process_environment(variable).value_or("") : option;
}

void complete(const SurveyDirectory& survey, const CameraRegistry& cameras, MeasureArguments& a) {
  MeasureOptions& o = a.options;
  ReferenceOptions references = reference_options(survey);
  references.has_options = false;
  require_typed("--gaia-dir", a.gaia_dir, PathKind::kDirectory);
  require_typed("--ps1-dir", a.ps1_dir, PathKind::kDirectory);
  require_typed("--sdss-dir", a.sdss_dir, PathKind::kDirectory);
  require_typed("--dust-dir", a.dust_dir, PathKind::kDirectory);
  if (!a.gaia_dir.empty()) references.gaia_dir = a.gaia_dir;
  if (!a.gaia_prefix.empty()) references.gaia_prefix = a.gaia_prefix;
  if (!a.gaia_scheme.empty())
    references.gaia_scheme = a.gaia_scheme == "nested" ? HealpixScheme::kNested : HealpixScheme::kRing;
  if (references.gaia_dir.empty())
    throw usage_error("--measure needs stars of Gaia: --gaia-dir DIR (or GAIA_CAT_DIR)");
  if (!fs::is_directory(references.gaia_dir))
    throw input_error("Gaia's stars: there is no such directory").in_file(references.gaia_dir.string());
  o.gaia = {references.gaia_dir, references.gaia_prefix + "-{healpix}.fits", references.gaia_scheme, 32};

  const auto add = [&](const std::string& name, const std::string& dir) {
    if (dir.empty()) return;
    if (!fs::is_directory(dir))
      throw input_error("catalog {}: there is no such directory", name).in_file(dir);
    o.photometric_dirs[name] = dir;
  };
  add("ps1", directory(a.ps1_dir, "PS1CAT_DIR"));
  add("sdss", directory(a.sdss_dir, "SDSSCAT_DIR"));
  for (const std::string& word : a.catalogs) {
    const auto equals = word.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw usage_error("--catalog: '{}' is not NAME=DIR", word);
    if (word.substr(0, equals) == "gaia")
      throw usage_error("--catalog {}: --gaia-dir says where Gaia's own stars are", word);
    add(word.substr(0, equals), word.substr(equals + 1));
  }
  o.facts_over = read_facts_over(a.facts);
  if (!a.xp_basis.empty()) o.xp_basis = a.xp_basis;
  o.stars.alone = a.legacy_fits;
  o.stars.astrometry.order = a.astrometry == "quadratic" ? AstrometricOrder::kQuadratic
                             : a.astrometry == "linear"  ? AstrometricOrder::kLinear
                                                         : AstrometricOrder::kShift;
  if (const std::string dust = directory(a.dust_dir, "DUST_DIR"); !dust.empty()) o.dust_dir = dust;
  if (a.star_mags.size() == 2) o.stars.star_mags = {a.star_mags[0], a.star_mags[1]};

  CalibrateOptions& c = o.calibrations;
  o.make_calibrations = !a.skip_calibrations;
  c.output = survey.calib();
  c.sky_maker.references = references;
  if (!o.make_calibrations) require_typed("--calib-dir", a.calib_dir, PathKind::kDirectory);
  if (!a.calib_dir.empty()) {
    c.output = a.calib_dir;
    c.sky_maker.reading.calibration_dirs = {a.calib_dir};
  }
  for (const Camera* camera : cameras.loaded())
    if (const auto& sky = camera->facts().sky.sky_template)
      if (const auto value = process_environment(sky->environment))
        c.sky_maker.reading.environment[sky->environment] = *value;
  c.psf_maker.reading = c.sky_maker.reading;
  if (o.make_calibrations) try {
      find_psf_programs(c.psf_maker, process_environment);
    } catch (const Error& e) {
      // Only where a PSF is to be made: then its row says so.
      if (e.kind() == ErrorKind::kInternal) throw;
    }
}

// What changes products.
std::vector<CommandOption> options_of(const MeasureArguments& a) {
  std::vector<CommandOption> out = {{"--measure", {}}};
  if (a.legacy_fits) out.push_back({"--legacy-fits", {}});
  if (a.astrometry != "shift") out.push_back({"--astrometry", {a.astrometry}});
  if (a.options.stars.fit.star.shift == PsfShift::kFourier) out.push_back({"--exact-shift", {}});
  if (!a.options.photometry.empty()) out.push_back({"--photometry", {a.options.photometry}});
  for (const std::string& file : a.facts) out.push_back({"--facts", {fs::path(file).filename().string()}});
  if (!a.xp_basis.empty()) out.push_back({"--xp-basis", {fs::path(a.xp_basis).filename().string()}});
  for (const CLI::Option* option : a.constants)
    if (option->count() > 0) out.push_back({option->get_name(), option->results()});
  return out;
}

// What CCDs that are kept rest on beside their own files: the program and what it was told.
std::string finished_key(const SurveyDirectory& survey, const CameraRegistry& cameras,
                         const MeasureArguments& a) {
  const MeasureOptions& o = a.options;
  std::string key = fmt::format("{} {}\n{}\n{}\n", commit(), simd_level_name(),
                                canonical_command_line("make-ccds", options_of(a)),
                                fs::absolute(survey.root()).lexically_normal().string());
  key += fmt::format("{} {} {}\n", (o.gaia.directory / o.gaia.pattern).string(), o.gaia.nside,
                     o.gaia.scheme == HealpixScheme::kNested);
  for (const Camera* camera : cameras.loaded())
    key += camera->provenance().file_sha256 + " " + camera->provenance().facts_sha256 + "\n";
  for (const auto& [name, directory] : o.photometric_dirs) key += name + "=" + directory.string() + "\n";
  for (const auto& [name, value] : o.calibrations.sky_maker.reading.environment)
    key += name + "=" + value + "\n";
  if (o.dust_dir)
    for (const fs::path& file : DustMaps::files(*o.dust_dir)) {
      const FileFingerprint map = fingerprint_of(file);
      key += fmt::format("{} {} {}\n", map.path, map.size, map.modified_ns);
    }
  key += "\n" + o.facts_over;
  if (o.xp_basis)
    if (const auto basis = file_digest(*o.xp_basis)) key += "\n" + basis->sha256;
  key += fmt::format("\n{} {}", o.calibrations.output.string(), o.make_calibrations);
  return key;
}

// What a process that was killed was writing of these files: "tmp-NAME.RANDOM" beside them (write_file_atomically).
void remove_half_written(const std::vector<fs::path>& files) {
  std::map<fs::path, std::set<std::string>> names;  // by directory
  for (const fs::path& file : files) names[fs::absolute(file).parent_path()].insert(file.filename().string());
  std::error_code ignored;
  std::vector<fs::path> found;
  for (const auto& [directory, own] : names)
    for (auto entry = fs::directory_iterator(directory, ignored); entry != fs::directory_iterator();
         entry.increment(ignored)) {
      constexpr std::string_view kPrefix = "tmp-";
      const std::string file = entry->path().filename().string();
      if (file.starts_with(kPrefix) &&
          own.contains(file.substr(kPrefix.size(), file.rfind('.') - kPrefix.size())))
        found.push_back(entry->path());
    }
  for (const fs::path& file : found) fs::remove(file, ignored);
}

// A few lines that a person compares with the night's log.
std::string summary(const MadeCcdTable& made, const MeasuredImages& images) {
  std::string text;
  for (const MeasuredRow& r : images.rows) {
    const CcdZeroPoint& z = r.zero_point;
    const std::string name = fmt::format("{}[{}]", r.image_filename, r.hdu);
    if (!z.failure.empty())
      text += fmt::format("{}: not measured: {}\n", name, z.failure);
    else if (r.given)
      text += fmt::format("{}: {} {:.4f} ({})\n", name, made.table.text("filter", r.row), z.zero_point,
                          z.provider);
    else
      text += fmt::format(
          "{}: {} {:.4f} +- {:.4f} ({}), scatter {:.4f} of {} stars, transparency {:.3f}, offset {:+.4f} {:+.4f} arcsec of {} "
          "stars\n",
          name, made.table.text("filter", r.row), z.zero_point, z.error, z.provider, z.scatter, z.used,
          z.transparency, z.ra_offset, z.dec_offset, z.astrometric);
  }
  return text;
}

}  // namespace

void add_measure_options(CLI::App& app, MeasureArguments& a) {
  StarMeasurementOptions& s = a.options.stars;
  app.add_flag(
         "--measure", a.measure,
         "measure zero points and astrometric offsets against stars of Gaia and of photometric catalogs, for CCDs "
         "whose header or --zeropoint does not state one; PSFs and skies that are missing are made")
      ->group(kGroup);
  app.add_option(
         "--outdir", a.outdir,
         "where DIR/BASE-photom.fits (a row per star) and -annotated.fits (a row per CCD) of each image go, in "
         "the place of those of earlier measurements; else zpt in the survey's directory")
      ->group(kGroup);
  app.add_option("--report", a.report,
                 "PAGE.html: a page of what was measured (make-ccds report makes it of the tables)")
      ->group(kGroup);
  app.add_option("--gaia-dir", a.gaia_dir, "Gaia's stars, files PREFIX-NNNNN.fits (else $GAIA_CAT_DIR)")
      ->group(kGroup);
  app.add_option("--gaia-prefix", a.gaia_prefix, "of their names (else $GAIA_CAT_PREFIX, else chunk)")
      ->group(kGroup);
  app.add_option("--gaia-scheme", a.gaia_scheme, "ring or nested (else $GAIA_CAT_SCHEME, else ring)")
      ->check(CLI::IsMember({"ring", "nested"}))
      ->group(kGroup);
  app.add_option("--ps1-dir", a.ps1_dir, "Pan-STARRS 1, files ps1-NNNNN.fits (else $PS1CAT_DIR)")
      ->group(kGroup);
  app.add_option("--sdss-dir", a.sdss_dir, "SDSS, files sdss-hpNNNNN.fits (else $SDSSCAT_DIR)")
      ->group(kGroup);
  app.add_option(
         "--catalog", a.catalogs,
         "NAME=DIR: a catalog that a camera's facts describe (photometry.catalogues.NAME), or gspc or xp where their "
         "Gaia files are others than those of --gaia-dir; repeatable")
      ->expected(1)
      ->take_all()
      ->group(kGroup);
  app.add_option(
         "--photometry", a.options.photometry,
         "the catalog of the magnitudes: gaia, gspc (Gaia's synthetic photometry), xp (Gaia's spectra and the band's "
         "transmission), ps1, sdss, or another of the camera's; else the first of the camera's choice "
         "(photometry.preferred_catalogue) that is there")
      ->group(kGroup);
  app.add_option(
         "--facts", a.facts,
         "a file of facts about photometry (colour terms, transmissions) that are laid over the camera's own, as "
         "colour-terms writes it")
      ->group(kGroup);
  app.add_option(
         "--xp-basis", a.xp_basis,
         "the basis functions of Gaia's continuous spectra (columns wavelength, bp_basis, rp_basis); without, "
         "--photometry xp reads sampled ones")
      ->group(kGroup);
  app.add_option("--dust-dir", a.dust_dir,
                 "SFD dust maps, for the column ebv (else $DUST_DIR; without, it is NaN)")
      ->group(kGroup);
  app.add_option("--calib-dir", a.calib_dir,
                 "PSFs and skies are looked for, and made, there (else the survey's calib)")
      ->group(kGroup);
  app.add_flag("--skip-calibs", a.skip_calibrations, "make no PSF or sky: a CCD without is not measured")
      ->group(kGroup);

  app.add_flag(
         "--legacy-fits", a.legacy_fits,
         "fit each star by itself, with its neighbours' light in its pixels, as the Legacy Surveys' tables "
         "were made; else all at once")
      ->group(kGroup);
  app.add_option(
         "--astrometry", a.astrometry,
         "shift: an offset for each CCD; linear, quadratic: also what its world coordinates are rotated, scaled and bent, "
         "for CCDs with stars enough, in a file wcs/DIR/BASE-wcs.fits beside the calibrations that the table names "
         "(column wcs_file) and that runs apply")
      ->check(CLI::IsMember({"shift", "linear", "quadratic"}))
      ->capture_default_str()
      ->group(kGroup);
  // What runs over bricks lose by moving PSFs so, zero points measured so give back.
  s.fit.star.shift = PsfShift::kLanczos3;
  app.add_flag_callback(
         "--exact-shift", [&s] { s.fit.star.shift = PsfShift::kFourier; },
         "move PSFs by a phase, exactly, and not by Lanczos-3 as runbrick does: zero points are up to 2 mmag larger, "
         "the sharper the PSF the more, and nearer to the truth; fluxes that runbrick fits with them are smaller by "
         "that")
      ->group(kGroup);
  const auto constant = [&](const char* name, auto& value, const CLI::Range& range, const char* help) {
    a.constants.push_back(
        app.add_option(name, value, help)->check(range)->capture_default_str()->group(kConstants));
  };
  a.constants.push_back(
      app.add_option("--star-mags", a.star_mags,
                     "LO HI: magnitudes of stars for the zero point (else the camera's facts)")
          ->expected(2)
          ->group(kConstants));
  constant("--match-radius", s.stars.match_radius_arcsec, CLI::Range(0.01, 60.),
           "arcsec, of a photometric star around one of Gaia's");
  constant("--catalog-margin", s.stars.footprint_margin_pixels, CLI::Range(0., 10000.),
           "pixels around the image in which stars are looked for");
  constant("--most-stars", s.stars.most_stars, CLI::Range(1, 1000000),
           "stars of each catalog, the brightest");
  constant("--stamp-radius", s.fit.star.stamp_radius, CLI::Range(1, 200),
           "pixels, of the square that a star is fitted on");
  constant("--fit-steps", s.fit.star.most_steps, CLI::Range(1, 10000), "steps of a star's fit, at most");
  constant("--clip-photometry", s.clip_photometry, CLI::Range(0.1, 1000.),
           "sigmas, of the stars' zero points");
  constant("--clip-astrometry", s.clip_astrometry, CLI::Range(0.1, 1000.), "sigmas, of the stars' offsets");
  constant("--seen", s.least_significance, CLI::Range(0., 1e6),
           "sigmas of the flux, of stars that ccdnphotom counts");
  constant("--most-masked", s.most_masked, CLI::Range(0., 1.),
           "part of a star's light on masked pixels, for the zero point");
  constant("--fewest-stars", s.fewest_stars, CLI::Range(1, 1000000), "for a zero point");
  constant("--largest-scatter", s.largest_scatter, CLI::Range(0., 100.), "mag, of a zero point");
  constant("--least-seen", s.least_seen, CLI::Range(0., 1.),
           "part of the bright stars that must be at their places");
  constant("--seen-within", s.seen_within_arcsec, CLI::Range(0.01, 3600.), "arcsec of their places");
  constant("--most-crowded", s.most_crowded, CLI::Range(0., 1.),
           "part of the usable stars that may have a like neighbour");
  constant("--crowded-within", s.crowded_within_fwhm, CLI::Range(0., 1000.), "FWHM, of such a neighbour");
  AstrometricTermOptions& t = s.astrometry;
  constant("--stars-per-term", t.stars_per_term, CLI::Range(1, 10000),
           "of --astrometry, for each of an axis's terms; fewer: terms of a lower order");
  constant("--largest-terms-error", t.largest_error, CLI::Range(1e-6, 3600.),
           "arcsec, of --astrometry's terms anywhere on the CCD; more: of a lower order");
  constant("--clip-terms", t.clip, CLI::Range(1.6, 1000.),
           "sigmas, of stars that --astrometry's terms are of");
  for (const CLI::Option* option : static_cast<const CLI::App&>(app).get_options())
    if ((option->get_group() == kGroup || option->get_group() == kConstants) &&
        !option->check_lname("measure"))
      a.all.push_back(option);
}

void check_measure_options(const MeasureArguments& a) {
  if (!a.report.empty() && !a.measure) throw usage_error("--report is of what --measure measures");
  if (!a.measure)
    for (const CLI::Option* option : a.all)
      if (option->count() > 0) throw usage_error("{} is of no use without --measure", option->get_name());
  if (a.star_mags.size() == 2 && !(a.star_mags[0] < a.star_mags[1]))
    throw usage_error("--star-mags: {} is not brighter than {}", a.star_mags[0], a.star_mags[1]);
}

int measure_and_write(const SurveyDirectory& survey, const CameraRegistry& cameras, const MadeCcdTable& made,
                      MeasureArguments& a, const std::string& name, const fs::path& table_file,
                      const std::function<void(const fits::Table&)>& write, RunDisplay& display,
                      StopSignals& signals, const Log& log) {
  complete(survey, cameras, a);
  const fs::path outdir = a.outdir.empty() ? survey.root() / "zpt" : fs::path(a.outdir);
  a.options.calibrations.cancel = a.options.calibrations.psf_maker.cancel = signals.cancel();
  a.options.finished_dir = outdir / ("finished-" + name);
  a.options.finished_key = finished_key(survey, cameras, a);
  display.stage_begins("measuring zero points", 1, 1);
  MeasuredImages images;
  try {
    images = measure_images(survey, cameras, made, a.options, log,
                            [&](std::int64_t done, std::int64_t total) { display.progress(done, total); });
  } catch (const Interrupted&) {
    display.end(0);
    log.error("interrupted by {}: the CCDs that are finished are kept, the same command measures the others",
              signals.why());
    return kInterruptedCode;
  }
  display.end(0);
  const fits::Header version =
      version_header(read_survey_identity(survey), {}, canonical_command_line("make-ccds", options_of(a)),
                     simd_level_name(), "InstCal");
  std::vector<fs::path> products = measured_image_files(outdir, cameras, made, images);
  for (fs::path& file : corrected_wcs_files(a.options.calibrations.output, images))
    products.push_back(std::move(file));
  products.push_back(table_file);
  if (!a.report.empty()) products.emplace_back(a.report);
  remove_half_written(products);
  write_corrected_wcs(a.options.calibrations.output, made, images);
  write_measured_images(outdir, CcdReader(survey, cameras), cameras, made, images, version);
  write(survey_table(made, images));
  if (!a.report.empty())
    write_report(made, images, cameras, a.options.facts_over, survey.root().string(), a.report);
  MeasuredRowFiles(a.options.finished_dir, a.options.finished_key).remove();
  double read = 0, fit = 0;
  for (const MeasuredRow& r : images.rows) {
    read += r.read_seconds;
    fit += r.fit_seconds;
  }
  write_stdout(summary(made, images) +
               fmt::format("{}: {} CCDs, {} not measured; CPU seconds for reading {:.2f}, for stars {:.2f}\n",
                           table_file.string(), images.rows.size(), images.failed, read, fit));
  return images.failed == 0 ? 0 : kSomeItemsFailed;
}

}  // namespace brickline
