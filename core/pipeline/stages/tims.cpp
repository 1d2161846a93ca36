#include "core/pipeline/stages/tims.h"

#include <fmt/ranges.h>
#include <fnmatch.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <exception>
#include <mutex>

#include "core/base/error.h"
#include "core/base/typed_path.h"
#include "core/camera/registry.h"
#include "core/image/ccd_reader.h"
#include "core/pipeline/memory_forecast.h"
#include "core/pipeline/missing_calibrations.h"
#include "core/pipeline/run_header.h"
#include "core/survey/bits.h"
#include "core/survey/bricks.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/ccd_table.h"
#include "core/survey/survey_identity.h"
#include "core/survey/target.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

struct Position {
  double ra = 0, dec = 0;
};

Position position_of(const std::array<std::string, 2>& radec) {
  const auto ra = parse_ra(radec[0]), dec = parse_dec(radec[1]);
  if (!ra || !dec)
    throw usage_error("--radec {} {}: not a position in degrees or sexagesimal form", radec[0], radec[1]);
  return {*ra, *dec};
}

BrickGeometry geometry_of(const Target& target, double pixel_scale_arcsec) {
  BrickGeometry g;
  g.name = target.brick.name;
  g.id = target.brick.id;
  g.custom = target.brick.is_custom();
  g.wcs = target.wcs;
  g.pixel_scale_arcsec = pixel_scale_arcsec;
  g.unique_area = {target.brick.ra1, target.brick.ra2, target.brick.dec1, target.brick.dec2};
  return g;
}

// The input, whose files are noted where they are looked for, too: one that is not there now may be later.
CcdInput noted(CcdInput input, ReadLog* reads) {
  if (reads)
    input.source.locate = [locate = std::move(input.source.locate), reads](SurveyPlace place,
                                                                           const std::string& relative) {
      std::filesystem::path path = locate(place, relative);
      reads->note(path);
      return path;
    };
  return input;
}

// All that could not be read, each in a warning; then one Error for all: of the first's kind, with
// their number.
void report(const std::vector<std::exception_ptr>& failures, const std::vector<CcdRow>& rows,
            const Log& log) {
  std::vector<Error> errors;
  for (std::size_t i = 0; i < failures.size(); ++i) {
    if (!failures[i]) continue;
    try {
      std::rethrow_exception(failures[i]);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInternal || error.kind() == ErrorKind::kResources) throw;
      errors.push_back(error);
    }  // memory and defects end the run as they are
  }
  if (errors.empty()) return;
  if (errors.size() == 1) throw errors.front();
  for (const Error& error : errors) log.warning("{}", error.line());
  throw Error(errors.front().kind(), fmt::format("{} of {} CCDs cannot be read; the first: {}", errors.size(),
                                                 rows.size(), errors.front().line()));
}

// The failure of a CCD, with the reason why it has not the calibrations that it fails for.
std::exception_ptr with_reason(const Error& error, const std::string& not_made) {
  return std::make_exception_ptr(Error(error.kind(), fmt::format("{}; {}", error.line(), not_made)));
}

// The image of each row; empty where it has nothing to give. `not_made`: of each row, which calibrations could not be
// made, and why; none of any if it is empty.
std::vector<std::optional<CcdImage>> read_images(const std::vector<CcdRow>& rows, const fits::Table& table,
                                                 const ReadImageOptions& reading,
                                                 const std::vector<std::string>& not_made, RunContext& run) {
  const CcdReader reader(run.survey, run.cameras, &table, run.reads.get());
  std::vector<std::optional<CcdImage>> read(rows.size());
  std::vector<std::exception_ptr> failures(rows.size());
  std::mutex progress_mutex;
  std::int64_t done = 0;
  // One CCD a task; results and failures by index, so that the outcome does not depend on which finished
  // first.
  tbb::parallel_for(std::size_t{0}, rows.size(), [&](std::size_t i) {
    try {
      run.cancel.stop_if_asked();
      read[i] = reader.read(noted(reader.input(rows[i], static_cast<std::int64_t>(i)), run.reads.get()),
                            reading, run.log);
      if (read[i]) {
        read[i]->ccd_row = static_cast<std::int64_t>(i);
        keep_planes(*read[i], run);
      }
    } catch (const Error& error) {
      const bool lacks = !not_made.empty() && !not_made[i].empty() && error.kind() == ErrorKind::kInput;
      failures[i] = lacks ? with_reason(error, not_made[i]) : std::current_exception();
    } catch (...) {
      failures[i] = std::current_exception();
    }
    if (run.progress) {
      const std::scoped_lock lock(progress_mutex);
      run.progress(++done, static_cast<std::int64_t>(rows.size()));
    }
  });
  report(failures, rows, run.log);
  return read;
}

std::vector<SkyPosition> polygon_of(const Wcs& brick) {
  const auto corners = brick.corners();
  return {corners.begin(), corners.end()};
}

}  // namespace

Target target_of(const RegionOptions& region, const SurveyDirectory& survey) {
  TargetOptions size;
  size.width = region.width;
  size.height = region.height;
  size.pixel_scale_arcsec = region.pixel_scale_arcsec;
  if (region.zoom) {
    const auto& z = *region.zoom;
    size.zoom = Box{z[0], z[1], z[2], z[3]};
  }
  if (!region.radec) return make_target(BrickTable::read(survey).find(region.brick), size);
  const Position at = position_of(*region.radec);
  return make_custom_target(at.ra, at.dec, size);
}

void load_cameras(const std::vector<CcdRow>& rows, RunContext& run) {
  std::map<std::string, std::int64_t> wanted;
  for (const CcdRow& row : rows) ++wanted[row.camera];
  run.cameras.load(wanted);
  for (const Camera* camera : run.cameras.loaded()) run.note(camera->provenance().path);
}

void refuse_misspelt_bands(const CcdSelection& selection, RunContext& run) {
  for (const MisspeltBand& found : selection.misspelt) {
    // Another camera's band of that name, alike but for its case (R and r).
    if (std::ranges::any_of(selection.ccds, [&](const CcdRow& r) { return r.band == found.wanted; }))
      continue;
    const Camera* camera = nullptr;
    try {
      camera = &run.cameras.load(found.ccd.camera);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kPlugin) throw;
      continue;  // whether it has both bands nobody knows, and it is not needed
    }
    run.note(camera->provenance().path);
    const CameraFacts& facts = camera->facts();
    if (std::ranges::count(facts.detector.bands, found.wanted) == 0)
      throw usage_error("--bands: camera {} of CCD {} has no band '{}'; is '{}' meant?", facts.camera.name,
                        found.ccd.name(), found.wanted, found.ccd.band);
    if (std::ranges::count(facts.detector.bands, found.ccd.band) > 0) continue;
    throw input_error(
        "{}: its band (column filter) is '{}', of which camera {} knows nothing; is '{}' meant?", found.where,
        found.ccd.band, facts.camera.name, found.wanted);
  }
}

// A band that is not wanted is no fault, but one that its camera does not have is a typing error.
void tell_unknown_bands(const CcdSelection& selection, const RegionOptions& region, const RunContext& run) {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> unknown;
  for (const CcdLeftOut& ccd : selection.left_out)
    if (std::ranges::count(region.bands, ccd.band) == 0)
      for (const Camera* camera : run.cameras.loaded())
        if (camera->name() == ccd.camera && std::ranges::count(camera->facts().detector.bands, ccd.band) == 0)
          unknown[{ccd.camera, ccd.band}].push_back(ccd.name);
  for (const auto& [which, ccds] : unknown)
    run.log.warning(
        "{} CCDs (such as {}) are left out: their band is '{}' by the CCD table, which camera {} does not have",
        ccds.size(), ccds.front(), which.second, which.first);
}

ReadImageOptions reading_options(std::vector<SkyPosition> polygon, const SurveyPaths& paths,
                                 const ReadingOptions& choice, const RunContext& run) {
  ReadImageOptions reading;
  reading.polygon = std::move(polygon);
  reading.old_calibs_ok = choice.old_calibs_ok;
  reading.apodize = choice.apodize;
  reading.calibration_dirs = paths.extra_calib_dirs;
  for (const Camera* camera : run.cameras.loaded())
    if (const auto& sky_template = camera->facts().sky.sky_template)
      if (const auto directory = run.environment(sky_template->environment))
        reading.environment[sky_template->environment] = *directory;
  reading.trust = choice.trust_header  ? CcdTrust::kHeader
                  : choice.trust_table ? CcdTrust::kTable
                                       : CcdTrust::kNeither;
  return reading;
}

std::vector<std::filesystem::path> ccd_tables_of(const SurveyDirectory& survey, const SurveyPaths& paths) {
  std::vector<std::filesystem::path> tables = survey.ccd_tables();
  if (!paths.ccd_tables.empty())
    std::erase_if(tables, [&](const std::filesystem::path& table) {
      return std::ranges::none_of(paths.ccd_tables, [&](const std::string& pattern) {
        return ::fnmatch(pattern.c_str(), table.filename().c_str(), 0) == 0;
      });
    });
  for (std::filesystem::path& table : tables) table = survey.cached(table);
  return tables;
}

void check_tims(const RegionOptions& region, const SurveyPaths& paths, RunContext& run) {
  if (region.radec) position_of(*region.radec);
  for (const std::filesystem::path& directory : paths.extra_calib_dirs)
    require_typed("--calib-dir", directory, PathKind::kDirectory);
  if (run.survey.ccd_tables().empty())
    throw input_error("no CCD table: there is no survey-ccds*.fits.gz or survey-ccds*.kd.fits")
        .in_file(run.survey.root().string());
  if (ccd_tables_of(run.survey, paths).empty())
    throw input_error("none of the CCD tables is called like --ccd-tables {}",
                      fmt::join(paths.ccd_tables, " "))
        .in_file(run.survey.root().string());
  read_survey_identity(run.survey);
}

Outcome<Selection, RawImages> run_tims(const RegionOptions& region, const SurveyPaths& paths,
                                       const ReadingOptions& reading, const ReleaseOptions& release,
                                       RunContext& run) {
  if (const auto file = run.survey.identity()) run.note(*file);
  if (const auto file = run.survey.brick_table(); file && !region.radec) run.note(*file);
  const std::vector<std::filesystem::path> tables = ccd_tables_of(run.survey, paths);
  for (const std::filesystem::path& file : tables) run.note(file);
  const Target target = target_of(region, run.survey);
  Selection out;
  out.brick = geometry_of(target, region.pixel_scale_arcsec);
  out.survey_bands = region.bands;
  run.brick = out.brick.name;

  const CcdTable table = CcdTable::read_near(tables, target.wcs, run.log);
  CcdSelectionOptions wanted;
  wanted.bands = region.bands;
  wanted.min_mjd = region.min_mjd;
  wanted.max_mjd = region.max_mjd;
  CcdSelection selection = select_ccds(table, target.wcs, wanted, run.log);
  run.ccds_left_out = selection.left_out;
  refuse_misspelt_bands(selection, run);
  if (selection.ccds.empty()) return Nothing{selection.nothing};
  std::vector<std::int64_t> table_rows;
  for (const CcdRow& row : selection.ccds) table_rows.push_back(row.table_row);
  out.ccds = table.table().select(table_rows);

  load_cameras(selection.ccds, run);
  tell_unknown_bands(selection, region, run);
  out.rows = std::move(selection.ccds);
  run.log.info("brick {}: {} CCDs of {} cameras", out.brick.name, out.rows.size(),
               run.cameras.loaded().size());
  prepare_memory(out.rows, target.wcs, static_cast<int>(region.bands.size()), run);
  const ReadImageOptions how = reading_options(target.polygon(), paths, reading, run);
  const std::vector<std::string> not_made = make_missing_calibrations(out.rows, out.ccds, how, run);
  auto read = read_images(out.rows, out.ccds, how, not_made, run);
  RawImages raw;
  std::vector<CcdRow> used;
  for (std::size_t i = 0; i < read.size(); ++i)
    if (read[i]) {
      raw.images.push_back(std::move(*read[i]));
      used.push_back(out.rows[i]);
    } else {
      run.ccds_left_out.push_back(left_out(out.rows[i], "it has no usable pixels in the brick"));
    }
  out.left_out = run.ccds_left_out;
  if (raw.images.empty()) return Nothing{"none of the CCDs that touch the brick has usable pixels in it"};

  for (const std::string& band : region.bands)
    if (std::ranges::any_of(raw.images, [&](const CcdImage& image) { return image.band == band; }))
      out.bands.push_back(band);
  std::vector<const CameraFacts*> camera_facts;
  for (const Camera* camera : run.cameras.loaded()) camera_facts.push_back(&camera->facts());
  out.band_facts = facts_of_bands(out.bands, camera_facts);
  if (const std::string shortage = MaskBits(out.survey_bands).shortage(); !shortage.empty())
    run.log.warning("{}", shortage);
  run.log.info("{} images in {} bands", raw.images.size(), out.bands.size());
  fits::Header cards = run_header(run, release, target, table.files(), region.bands, out.bands, used);
  Outcome<Selection, RawImages> outcome(std::move(out), std::move(raw));
  outcome.cards = std::move(cards);
  return outcome;
}

Selection select_other_bands(const Selection& selection, const std::vector<std::string>& bands,
                             const SurveyPaths& paths, RunContext& run) {
  Selection out;
  out.brick = selection.brick;
  out.survey_bands = bands;
  const std::vector<std::filesystem::path> tables = ccd_tables_of(run.survey, paths);
  for (const std::filesystem::path& file : tables) run.note(file);
  const CcdTable table = CcdTable::read_near(tables, out.brick.wcs, run.log);
  CcdSelectionOptions wanted;
  wanted.bands = bands;
  CcdSelection found = select_ccds(table, out.brick.wcs, wanted, run.log);
  refuse_misspelt_bands(found, run);
  std::vector<std::int64_t> table_rows;
  for (const CcdRow& row : found.ccds) table_rows.push_back(row.table_row);
  out.ccds = table.table().select(table_rows);
  out.rows = std::move(found.ccds);
  out.left_out = std::move(found.left_out);
  for (const std::string& band : bands)
    if (std::ranges::any_of(out.rows, [&](const CcdRow& row) { return row.band == band; }))
      out.bands.push_back(band);
  load_cameras(out.rows, run);
  std::vector<const CameraFacts*> camera_facts;
  for (const Camera* camera : run.cameras.loaded()) camera_facts.push_back(&camera->facts());
  out.band_facts = facts_of_bands(out.bands, camera_facts);
  return out;
}

RawImages read_images_again(const Selection& selection, const SurveyPaths& paths,
                            const ReadingOptions& reading, RunContext& run) {
  run.brick = selection.brick.name;
  load_cameras(selection.rows, run);
  prepare_memory(selection.rows, selection.brick.wcs, static_cast<int>(selection.bands.size()), run);
  RawImages raw;
  // Calibrations that were there then are there now, or the stage would run again.
  const ReadImageOptions how = reading_options(polygon_of(selection.brick.wcs), paths, reading, run);
  for (auto& image : read_images(selection.rows, selection.ccds, how, {}, run))
    if (image) raw.images.push_back(std::move(*image));
  return raw;
}

}  // namespace brickline
