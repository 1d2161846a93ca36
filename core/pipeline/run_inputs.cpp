#include "core/pipeline/run_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/catalog/dust.h"
#include "core/fits/fits_reader.h"
#include "core/pipeline/ccd_inputs.h"
#include "core/pipeline/look_at_input.h"
#include "core/pipeline/stages/refs.h"
#include "core/pipeline/stages/tims.h"
#include "core/pipeline/stages/wise_forced.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/survey_identity.h"
#include "core/wise/galex_photometry.h"
#include "core/wise/tile_image.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using Kind = InputKind;
using State = InputState;

void read_first_hdus(const fs::path& file) {
  fits::FitsReader reader(file);
  if (reader.hdu_count() > 1)
    reader.header(1);
  else
    reader.image_info(0);
}

// The plugins of the loaded cameras and of those that they extend.
void add_cameras(const CameraRegistry& cameras, std::vector<RunInput>& out) {
  std::map<fs::path, std::string> files;
  for (const Camera* camera : cameras.loaded()) {
    files.emplace(camera->provenance().path, camera->name());
    for (const std::string& base : camera->provenance().bases)
      for (const PluginFile& file : cameras.files())
        for (const ClaimedCamera& claimed : file.cameras)
          if (file.usable() && claimed.identity.name == base &&
              claimed.state == ClaimedCamera::State::kAccepted)
            files.emplace(file.path, base);
  }
  for (const auto& [file, name] : files) out.push_back({Kind::kCamera, State::kReady, file, name, -1, ""});
}

// ---- Tables ----

void add_table(Kind kind, const fs::path& file, std::vector<RunInput>& out) {
  RunInput input{kind, State::kReady, file, "", 1, ""};
  look_at(input, [&] { fits::FitsReader(file).header(1); });
  out.push_back(std::move(input));
}

// The rows that a run of the target looks at, or all that nothing cuts.
void choose_ccds(const BrickOptions& options, const CcdTable& table, const Log& log, RunInputs& out) {
  std::vector<std::int64_t> rows;
  if (out.target) {
    CcdSelectionOptions wanted;
    wanted.bands = options.region.bands;
    wanted.min_mjd = options.region.min_mjd;
    wanted.max_mjd = options.region.max_mjd;
    for (CcdRow& row : select_ccds(table, out.target->wcs, wanted, log).ccds) {
      rows.push_back(row.table_row);
      out.ccds.push_back({std::move(row), {}, {}});
    }
  } else {
    for (std::int64_t i = 0; i < table.rows(); ++i) {
      CcdRow row = table.row(i);
      const auto& bands = options.region.bands;
      if (row.ccd_cuts != 0 || std::find(bands.begin(), bands.end(), row.band) == bands.end()) continue;
      if (options.region.min_mjd && row.mjd_obs < *options.region.min_mjd) continue;
      if (options.region.max_mjd && row.mjd_obs > *options.region.max_mjd) continue;
      rows.push_back(i);
      out.ccds.push_back({std::move(row), {}, {}});
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) out.ccds[i].table = table.file_of(rows[i]);
  out.table = table.table().select(rows);
}

// ---- Catalogs, maps, tiles ----

// One reference catalog, read by itself where there is a target.
void add_catalog(Kind kind, const ReferenceOptions& all, const RunInputs& inputs,
                 const std::vector<std::string>& bands, std::vector<RunInput>& out) {
  ReferenceOptions one = all;
  one.tycho = all.tycho && kind == Kind::kTycho;
  one.gaia = all.gaia && kind == Kind::kGaia;
  one.star_clusters = all.star_clusters && kind == Kind::kStarClusters;
  one.large_galaxies = all.large_galaxies && kind == Kind::kLargeGalaxies;
  if (!one.tycho && !one.gaia && !one.star_clusters && !one.large_galaxies) return;
  const fs::path file = one.tycho           ? all.tycho_file
                        : one.gaia          ? all.gaia_dir
                        : one.star_clusters ? all.star_clusters_file
                                            : all.large_galaxies_file;
  RunInput input{kind, State::kReady, file, "", -1, ""};
  try {
    if (!inputs.target) {
      if (!file.empty() && is_there(file)) {
        if (!one.gaia) read_first_hdus(file);
        out.push_back(std::move(input));
        return;
      }
      input.state = all.require_all ? State::kMissing : State::kDoneWithout;
      input.what = "it is not there";
      out.push_back(std::move(input));
      return;
    }
    const ReferenceCatalog found = read_references(one, inputs.target->wcs, bands);
    for (const fs::path& each : found.files) out.push_back({kind, State::kReady, each, "", -1, ""});
    if (found.absent.empty()) return;
    input.state = State::kDoneWithout;
    input.what = found.absent.front();
  } catch (const Error& error) {
    input.state =
        file.empty() || !is_there(file) || !is_there(error.file()) ? State::kMissing : State::kUnreadable;
    if (!error.file().empty()) input.file = error.file();
    input.what = words_of(error);
  }
  out.push_back(std::move(input));
}

void add_dust(const fs::path& directory, std::vector<RunInput>& out) {
  RunInput input{Kind::kDust, State::kReady, directory, "", -1, ""};
  if (directory.empty()) {
    input.state = State::kDoneWithout;
    input.what = "no dust maps (--dust-dir, $DUST_DIR): ebv and the transmissions of the catalog are NaN";
    out.push_back(std::move(input));
    return;
  }
  try {
    DustMaps::check(directory);
    for (const fs::path& file : DustMaps::files(directory))
      out.push_back({Kind::kDust, State::kReady, file, "", -1, ""});
  } catch (const Error& error) {
    input.file = error.file().empty() ? directory : fs::path(error.file());
    input.state = is_there(input.file) ? State::kUnreadable : State::kMissing;
    input.what = words_of(error);
    out.push_back(std::move(input));
  }
}

void add_plane(Kind kind, const fs::path& file, const std::string& item, std::vector<RunInput>& out) {
  RunInput input{kind, State::kReady, file, item, 0, ""};
  // Its last row: that a file was cut short shows there.
  look_at(input, [&] {
    fits::FitsReader reader(file);
    const fits::ImageInfo info = reader.image_info(0);
    reader.image<float>(0, Box{0, 1, info.height - 1, info.height});
  });
  out.push_back(std::move(input));
}

void add_model_sky(const fs::path& directory, const std::string& tile, int band, const std::string& item,
                   std::vector<RunInput>& out) {
  RunInput input{Kind::kWiseModelSky, State::kReady, model_sky_file(directory, tile, band), item, -1, ""};
  look_at(input, [&] { read_model_sky(directory, tile, band, Box{0, 1, 0, 1}, nullptr); });
  out.push_back(std::move(input));
}

// What is told in warnings is done without.
class AbsentFields : public LogSink {
 public:
  AbsentFields(Kind kind, std::vector<RunInput>& out) : kind_(kind), out_(out) {}
  void write(LogLevel level, std::string_view message) override {
    if (level == LogLevel::kWarning)
      out_.push_back({kind_, State::kDoneWithout, {}, "", -1, std::string(message)});
  }

 private:
  Kind kind_;
  std::vector<RunInput>& out_;
};

void add_failure(Kind kind, const Error& error, std::vector<RunInput>& out) {
  RunInput input{kind, State::kUnreadable, error.file(), "", -1, words_of(error)};
  if (input.file.empty() || !is_there(input.file)) input.state = State::kMissing;
  out.push_back(std::move(input));
}

void add_wise(const WiseOptions& options, const std::optional<Target>& target, std::vector<RunInput>& out) {
  if (!is_wanted(options)) return;
  try {
    const WiseData data(files_of(options));
    for (const WiseBand& band : wise_bands())
      out.push_back({Kind::kWisePsf, State::kReady, WisePsfModels(data.files().psf_dir).file(band),
                     std::string(band.product), 0, ""});
    out.push_back({Kind::kWiseTiles, State::kReady, data.files().tiles_file, "", -1, ""});
    const fs::path epochs = data.files().epoch_dir;
    if (!epochs.empty()) add_table(Kind::kWiseEpoch, epochs / "time_resolved_atlas.fits", out);
    if (!target) return;
    AbsentFields absent(Kind::kWiseCoadd, out);
    std::set<std::string> tiles;
    for (const WiseJob& job : plan_wise_jobs(data, target->wcs, Log(absent)))
      for (const WiseJob::Tile& t : job.tiles) {
        const bool full_depth = job.epoch < 0;
        const std::string item = fmt::format("{} {}", t.tile.id, wise_band(job.band).product);
        for (const fs::path& file :
             {t.files.image, t.files.invvar, t.files.frames_masked, t.files.frames_unmasked})
          add_plane(full_depth ? Kind::kWiseCoadd : Kind::kWiseEpoch, file, item, out);
        if (full_depth && !data.files().model_sky_dir.empty() && wise_band(job.band).has_epochs())
          add_model_sky(data.files().model_sky_dir, t.tile.id, job.band, item, out);
      }
    for (const WiseTile& tile : data.atlas().touching(target->wcs))
      if (const auto mask = find_tile_mask(data.files().coadd_dirs, tile.id))
        add_plane(Kind::kWiseCoadd, *mask, tile.id, out);
  } catch (const Error& error) {
    add_failure(Kind::kWiseCoadd, error, out);
  }
}

void add_galex(const GalexOptions& options, const std::optional<Target>& target, std::vector<RunInput>& out) {
  if (!options.wanted) return;
  try {
    const GalexData data(options.dir);
    out.push_back({Kind::kGalex, State::kReady, options.dir / "galex-images.fits", "", 1, ""});
    for (const GalexBand& band : galex_bands())
      out.push_back(
          {Kind::kGalex, State::kReady, options.dir / band.psf_file, std::string(band.product), 0, ""});
    if (!target) return;
    for (const GalexField& field : data.touching(target->wcs))
      for (std::size_t b = 0; b < galex_bands().size(); ++b) {
        if (!field.has[b]) continue;
        const GalexBand& band = galex_bands()[b];
        const std::string item = fmt::format("{} {}", field.visit, band.product);
        std::string missing;
        const std::vector<fs::path> files = galex_files(data, field, band, &missing);
        for (const fs::path& file : files) add_plane(Kind::kGalex, file, item, out);
        if (files.empty())
          out.push_back({Kind::kGalex, State::kDoneWithout, options.dir / field.directory, item, -1,
                         fmt::format("no {}.gz: no photometry on it", missing)});
      }
  } catch (const Error& error) {
    add_failure(Kind::kGalex, error, out);
  }
}

}  // namespace

std::string_view name_of(InputState state) {
  switch (state) {
    case State::kReady:
      return "ready";
    case State::kToBeMade:
      return "to be made";
    case State::kDoneWithout:
      return "done without";
    case State::kMissing:
      return "missing";
    case State::kUnreadable:
      return "unreadable";
    case State::kOtherReduction:
      return "other reduction";
  }
  return "";
}

bool ends_the_run(InputState state) { return state >= State::kMissing; }

std::string_view name_of(InputKind kind) {
  switch (kind) {
    case Kind::kIdentity:
      return "survey.json";
    case Kind::kBrickTable:
      return "brick table";
    case Kind::kCcdTable:
      return "ccd table";
    case Kind::kImage:
      return "image";
    case Kind::kMask:
      return "mask";
    case Kind::kWeight:
      return "weight";
    case Kind::kSideFile:
      return "side file";
    case Kind::kSkyTemplate:
      return "sky template";
    case Kind::kCamera:
      return "camera";
    case Kind::kPsf:
      return "psf";
    case Kind::kSky:
      return "sky";
    case Kind::kTycho:
      return "tycho-2";
    case Kind::kGaia:
      return "gaia";
    case Kind::kStarClusters:
      return "star clusters";
    case Kind::kLargeGalaxies:
      return "large galaxies";
    case Kind::kDust:
      return "dust map";
    case Kind::kWisePsf:
      return "wise psf";
    case Kind::kWiseTiles:
      return "wise tiles";
    case Kind::kWiseCoadd:
      return "wise coadd";
    case Kind::kWiseEpoch:
      return "wise epoch";
    case Kind::kWiseModelSky:
      return "wise model sky";
    case Kind::kGalex:
      return "galex";
  }
  return "";
}

bool RunInputs::ready() const {
  return std::none_of(files.begin(), files.end(), [](const RunInput& f) { return ends_the_run(f.state); });
}

RunInputs find_run_inputs(const BrickOptions& options, const InputQuestions& questions, RunContext& run) {
  RunInputs out;
  check_tims(options.region, options.survey, run);
  if (const auto file = run.survey.identity())
    out.files.push_back({Kind::kIdentity, State::kReady, *file, "", -1, ""});
  if (const auto file = run.survey.brick_table(); file && !options.region.radec)
    add_table(Kind::kBrickTable, *file, out.files);
  const std::vector<fs::path> tables = ccd_tables_of(run.survey, options.survey);
  for (const fs::path& file : tables) add_table(Kind::kCcdTable, file, out.files);
  if (!out.ready()) return out;

  if (!questions.whole_survey) out.target = target_of(options.region, run.survey);
  choose_ccds(
      options,
      out.target ? CcdTable::read_near(tables, out.target->wcs, run.log) : CcdTable::read(tables, run.log),
      run.log, out);
  std::vector<CcdRow> rows;
  for (const InputCcd& ccd : out.ccds) rows.push_back(ccd.row);
  load_cameras(rows, run);
  add_cameras(run.cameras, out.files);
  add_ccds(out.table,
           reading_options(out.target ? out.target->polygon() : std::vector<SkyPosition>(), options.survey,
                           options.reading, run),
           questions, run, out);

  const ReferenceOptions references = reference_options(options.references, run.survey);
  for (const Kind kind : {Kind::kTycho, Kind::kGaia, Kind::kStarClusters, Kind::kLargeGalaxies})
    add_catalog(kind, references, out, options.region.bands, out.files);
  add_dust(options.dust.dust_dir, out.files);
  add_wise(options.wise, out.target, out.files);
  add_galex(options.galex, out.target, out.files);
  return out;
}

}  // namespace brickline
