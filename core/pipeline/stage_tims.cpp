#include "core/pipeline/stage_tims.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <exception>
#include <mutex>

#include "core/base/error.h"
#include "core/camera/registry.h"
#include "core/image/read_ccd_image.h"
#include "core/pipeline/nothing_to_do.h"
#include "core/pipeline/run_header.h"
#include "core/survey/bricks.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/ccd_table.h"
#include "core/survey/survey_directory.h"
#include "core/survey/target.h"
#include "core/wcs/sky.h"

namespace brickline {
namespace {

Target target_of(const BrickOptions& options, const SurveyDirectory& survey) {
  TargetOptions size;
  size.width = options.width;
  size.height = options.height;
  size.pixel_scale_arcsec = options.pixel_scale_arcsec;
  if (options.zoom) {
    const auto& z = *options.zoom;
    size.zoom = Box{z[0], z[1], z[2], z[3]};
  }
  if (!options.radec) return make_target(BrickTable::read(survey).find(options.brick), size);
  const auto ra = parse_ra((*options.radec)[0]), dec = parse_dec((*options.radec)[1]);
  if (!ra || !dec)
    throw usage_error("--radec {} {}: not a position in degrees or sexagesimal form", (*options.radec)[0],
                      (*options.radec)[1]);
  return make_custom_target(*ra, *dec, size);
}

BrickGeometry geometry_of(const Target& target, const BrickOptions& options) {
  BrickGeometry g;
  g.name = target.brick.name;
  g.id = target.brick.id;
  g.custom = target.brick.is_custom();
  g.wcs = target.wcs;
  g.pixel_scale_arcsec = options.pixel_scale_arcsec;
  g.unique_area = {target.brick.ra1, target.brick.ra2, target.brick.dec1, target.brick.dec2};
  return g;
}

CcdInput input_of(const CcdRow& row, const SurveyDirectory& survey, const fits::Table& table) {
  CcdInput in;
  in.source.values = ccd_values(row);
  in.source.locate = locate_in_survey(survey.root(), survey.cache());
  in.source.table = &table;
  in.source.row = row.table_row;
  in.ra_offset = row.ccdraoff / 3600;
  in.dec_offset = row.ccddecoff / 3600;
  in.sig1_from_weights = row.sig1_from_weights();
  return in;
}

// What the loaded cameras say of each band; the first camera (by name) with an opinion wins, and what none
// has one of is the survey's.
std::map<std::string, BandFacts> facts_of_bands(const std::vector<std::string>& bands,
                                                const std::vector<const Camera*>& cameras) {
  std::map<std::string, BandFacts> out;
  for (const std::string& band : bands) {
    BandFacts facts;
    for (const Camera* camera : cameras)
      if (const BandFacts* own = camera->facts().band(band)) facts = merged(*own, facts);
    out[band] = merged(standard_band_facts(band), facts);
  }
  return out;
}

}  // namespace

TimsState run_tims(const BrickOptions& options, BrickGeometry& geometry, const Progress& progress,
                   const Log& log) {
  const SurveyDirectory survey = SurveyDirectory::open(
      options.survey_dir.empty() ? std::nullopt : std::optional(options.survey_dir), options.cache_dir);
  const Target target = target_of(options, survey);
  geometry = geometry_of(target, options);
  TimsState state;
  state.brick = geometry;
  state.survey_bands = options.bands;

  const CcdTable table = CcdTable::read(survey, log);
  CcdSelectionOptions selection_options;
  selection_options.bands = options.bands;
  selection_options.min_mjd = options.min_mjd;
  selection_options.max_mjd = options.max_mjd;
  const CcdSelection selection = select_ccds(table, target.wcs, selection_options, log);
  if (selection.ccds.empty()) throw NothingToDo(selection.nothing);

  std::map<std::string, std::int64_t> wanted;
  for (const CcdRow& row : selection.ccds) ++wanted[row.camera];
  PluginSearch search;
  search.plugin_dirs = options.plugin_dirs;
  CameraRegistry cameras = CameraRegistry::scan(search, log);
  cameras.load(wanted);
  log.info("brick {}: {} CCDs of {} cameras", geometry.name, selection.ccds.size(), cameras.loaded().size());

  ReadImageOptions reading;
  reading.polygon = target.polygon();
  reading.old_calibs_ok = options.old_calibs_ok;
  reading.apodize = options.apodize;
  reading.calibration_dirs = options.extra_calib_dirs;
  const std::size_t count = selection.ccds.size();
  std::vector<std::optional<CcdImage>> read(count);
  std::vector<std::exception_ptr> failures(count);
  std::mutex progress_mutex;
  std::int64_t done = 0;
  // One CCD a task; results and failures by index, so that the outcome does not depend on which finished
  // first.
  tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
    try {
      const CcdRow& row = selection.ccds[i];
      read[i] =
          read_ccd_image(cameras.camera(row.camera), input_of(row, survey, table.table()), reading, log);
      if (read[i]) read[i]->ccd_row = static_cast<std::int64_t>(i);
    } catch (...) {
      failures[i] = std::current_exception();
    }
    if (progress) {
      const std::scoped_lock lock(progress_mutex);
      progress(++done, static_cast<std::int64_t>(count));
    }
  });
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);

  std::vector<std::int64_t> rows;
  for (const CcdRow& row : selection.ccds) rows.push_back(row.table_row);
  state.ccds = table.table().select(rows);
  std::vector<CcdRow> used;
  for (std::size_t i = 0; i < count; ++i)
    if (read[i]) {
      state.images.push_back(std::move(*read[i]));
      used.push_back(selection.ccds[i]);
    }
  if (state.images.empty())
    throw NothingToDo("none of the CCDs that touch the brick has usable pixels in it");

  for (const std::string& band : options.bands)
    if (std::ranges::any_of(state.images, [&](const CcdImage& image) { return image.band == band; }))
      state.bands.push_back(band);
  state.band_facts = facts_of_bands(state.bands, cameras.loaded());
  state.version_header = run_header(options, target, table.files(), state.bands, used, cameras.loaded());
  log.info("{} images in {} bands", state.images.size(), state.bands.size());
  return state;
}

}  // namespace brickline
