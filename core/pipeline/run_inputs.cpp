#include "core/pipeline/run_inputs.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/calib/calibrate.h"
#include "core/catalog/dust.h"
#include "core/fits/fits_reader.h"
#include "core/image/ccd_reader.h"
#include "core/image/corrected_wcs.h"
#include "core/image/file_versions.h"
#include "core/pipeline/stages/refs.h"
#include "core/pipeline/stages/tims.h"
#include "core/pipeline/stages/wise_forced.h"
#include "core/psf/psfex.h"
#include "core/sky/sky_calibration.h"
#include "core/survey/ccd_selection.h"
#include "core/survey/survey_identity.h"
#include "core/wise/galex_photometry.h"
#include "core/wise/tile_image.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using Kind = InputKind;
using State = InputState;

bool is_there(const fs::path& file) {
  std::error_code code;
  return fs::exists(file, code);
}

// What went wrong with a file that is looked at: memory and defects end everything.
std::string words_of(const Error& error) {
  if (error.kind() == ErrorKind::kInternal || error.kind() == ErrorKind::kResources) throw;
  return error.line();
}

// Looks at a file by `read`, which throws an Error if it cannot be used.
template <typename F>
void look_at(RunInput& input, const F& read) {
  if (!is_there(input.file)) {
    input.state = State::kMissing;
    if (input.what.empty()) input.what = "there is no such file";
    return;
  }
  try {
    read();
  } catch (const Error& error) {
    input.state = State::kUnreadable;
    input.what = words_of(error);
  }
}

void read_first_hdus(const fs::path& file) {
  fits::FitsReader reader(file);
  if (reader.hdu_count() > 1)
    reader.header(1);
  else
    reader.image_info(0);
}

// ---- CCDs ----

// What all CCDs are looked at with.
struct Looking {
  const CcdReader& reader;
  const ReadImageOptions& reading;
  bool pixels = false;
  bool makes_calibrations = false;
  std::string no_programs;  // why no PSF can be made; empty: it can
};

// One CCD's files.
class CcdLook {
 public:
  CcdLook(const Looking& looking, const CcdInput& input, InputCcd& ccd)
      : looking_(looking), input_(input), ccd_(ccd), name_(ccd.row.name()) {}

  std::vector<RunInput> files() {
    try {
      try_to_read();
      OpenCcd open = looking_.reader.open(input_, Purpose::kRun);
      add_planes(open);
      compare_versions(open);
      if (!failure_.empty()) blame_the_image();
      add_calibration(CalibrationKind::kPsf, open);
      add_calibration(CalibrationKind::kSky, open);
    } catch (const SkipCcd& skip) {
      add_image(State::kReady, fmt::format("not used: {}", skip.what()));
    } catch (const Error& error) {
      add_image(State::kUnreadable, words_of(error));
    }
    return std::move(files_);
  }

 private:
  // What a run would say of it, calibrations aside: the part that it will read, or why it will not.
  void try_to_read() {
    ReadImageOptions probe = looking_.reading;
    probe.pixels = probe.sky = probe.psf = false;
    try {
      if (const auto found = looking_.reader.read(input_, probe)) ccd_.extent = found->extent;
      probe.pixels = true;
      if (looking_.pixels && ccd_.extent) looking_.reader.read(input_, probe);
    } catch (const Error& error) {
      failure_ = words_of(error);
    }
  }

  // The image as a whole, where there is no more to be said.
  void add_image(State state, std::string what) {
    RunInput image{Kind::kImage,
                   state,
                   input_.source.locate(SurveyPlace::kImages, input_.source.values.image_filename),
                   name_,
                   input_.source.values.image_hdu,
                   std::move(what)};
    if (!is_there(image.file)) image.state = State::kMissing;
    files_.push_back(std::move(image));
  }

  template <typename HduOf, typename Read>
  void add_plane(Kind kind, const fs::path& file, const HduOf& hdu_of, const Read& read) {
    if (file.empty()) return;
    RunInput input{kind, State::kReady, file, name_, -1, ""};
    look_at(input, [&] {
      try {
        input.hdu = hdu_of();
        // A row at the end of what will be read: that a file was cut short shows there.
        Box row = ccd_.extent.value_or(Box{0, 1, 0, 1});
        row.y0 = row.y1 - 1;
        read(row);
      } catch (const Error& error) {
        // Masks and weights are asked for beside the image: what is wrong with that is not their fault.
        if (error.file().empty() || error.file() == file.string()) throw;
        fits::FitsReader(file).header(0);
      }
    });
    files_.push_back(std::move(input));
  }
  void add_planes(OpenCcd& open) {
    add_plane(
        Kind::kImage, open.image_file(), [&] { return open.image_hdu(); },
        [&](const Box& box) { open.read_image(box); });
    add_plane(
        Kind::kMask, open.mask_file(), [&] { return open.mask_hdu(); },
        [&](const Box& box) { open.read_mask(box); });
    add_plane(
        Kind::kWeight, open.weight_file(), [&] { return open.weight_hdu(); },
        [&](const Box& box) { open.read_weight(box); });
  }

  void compare_versions(OpenCcd& open) {
    const CameraFacts& facts = open.camera().facts();
    if (facts.checks.version_validation != CheckFacts::Versions::kFull) return;
    const CalibrationKey key = CalibrationKey::of(open.values());
    for (RunInput& input : files_) {
      if (input.state != State::kReady) continue;
      try {
        const fits::Header header = input.kind == Kind::kMask ? open.mask_reader().header(facts.hdus.primary)
                                    : input.kind == Kind::kWeight
                                        ? open.weight_reader().header(facts.hdus.primary)
                                        : open.primary_header();
        check_file_version(input.file, header, key, facts.checks, open.values(),
                           looking_.reading.old_calibs_ok);
      } catch (const Error& error) {
        input.state = State::kOtherReduction;
        input.what = words_of(error);
      }
    }
  }

  // What a run would refuse of the CCD as a whole is its image's fault, unless another file is to blame.
  void blame_the_image() {
    for (const RunInput& input : files_)
      if (ends_the_run(input.state)) return;
    for (RunInput& input : files_)
      if (input.kind == Kind::kImage) {
        input.state = State::kUnreadable;
        input.what = failure_;
        return;
      }
    add_image(State::kUnreadable, failure_);
  }

  void add_calibration(CalibrationKind kind, OpenCcd& open) {
    const bool psf = kind == CalibrationKind::kPsf;
    RunInput found{psf ? Kind::kPsf : Kind::kSky, State::kReady, {}, name_, -1, ""};
    try {
      if (provided_by_camera(kind, open.camera().facts(), open)) return;
      find_calibration_file(kind, open, found);
    } catch (const Error& error) {
      found.state = State::kUnreadable;
      found.what = words_of(error);
    }
    files_.push_back(std::move(found));
  }

  // As the reader looks for it (core/survey/calibration.h).
  void find_calibration_file(CalibrationKind kind, OpenCcd& open, RunInput& found) {
    using Versions = CheckFacts::Versions;
    const bool psf = kind == CalibrationKind::kPsf;
    const CameraFacts& facts = open.camera().facts();
    const std::vector<std::string> names = calibration_paths(kind, facts.files, open.values());
    std::vector<fs::path> files;
    for (const fs::path& directory : looking_.reading.calibration_dirs)
      for (const std::string& name : names) files.push_back(directory / name);
    for (const std::string& name : names) files.push_back(input_.source.locate(SurveyPlace::kCalib, name));
    const CalibrationKey key = CalibrationKey::of(open.values());
    const auto file_by = [&](bool versions) {
      CalibrationChecks checks;
      checks.versions = versions;
      checks.old_calibs_ok = looking_.reading.old_calibs_ok;
      return psf ? read_psf_calibration(files, key, checks, true).file
                 : read_sky_calibration(files, key, checks).file;
    };
    const Versions validated = facts.checks.version_validation;
    const bool versions = psf ? validated != Versions::kExistence : validated == Versions::kFull;
    const auto there = std::find_if(files.begin(), files.end(), is_there);
    if (!files.empty()) found.file = there == files.end() ? files.front() : *there;
    try {
      found.file = file_by(versions);
      return;
    } catch (const Error& error) {
      found.state = there == files.end() ? State::kMissing : State::kUnreadable;
      found.what = words_of(error);
    }
    if (versions && found.state == State::kUnreadable) try {
        found.file = file_by(false);
        found.state = State::kOtherReduction;
      } catch (const Error& error) {
        words_of(error);
      }
    // The run makes it, if it may and can.
    const bool of_files = psf ? facts.psf.source == PsfFacts::Origin::kCalibration
                              : facts.sky.source == SkyFacts::Origin::kCalibration;
    if (!looking_.makes_calibrations || !of_files || !failure_.empty()) return;
    if (psf && !looking_.no_programs.empty())
      found.what += "; it cannot be made: " + looking_.no_programs;
    else
      found.state = State::kToBeMade;
  }

  const Looking& looking_;
  const CcdInput& input_;
  InputCcd& ccd_;
  const std::string name_;
  std::vector<RunInput> files_;
  std::string failure_;
};

bool lies_below(const fs::path& file, const fs::path& directory) {
  if (directory.empty()) return false;
  const fs::path relative = file.lexically_normal().lexically_relative(directory.lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

// What else was read for the CCD: side files, sky templates, data of its camera.
void add_noted(const ReadLog& log, const ReadImageOptions& reading, const RunContext& run,
               const std::string& name, std::vector<RunInput>& files) {
  std::set<fs::path> known;
  for (const RunInput& input : files) known.insert(input.file.lexically_normal());
  for (const FileFingerprint& noted : log.files()) {
    const fs::path file = noted.path;
    if (noted.size < 0 || !known.insert(file.lexically_normal()).second) continue;
    const auto add = [&](Kind kind, const std::string& item) {
      files.push_back({kind, State::kReady, file, item, -1, ""});
    };
    for (const auto& [variable, directory] : reading.environment)
      if (lies_below(file, directory)) add(Kind::kSkyTemplate, variable);
    if (lies_below(file, run.survey.root()) || lies_below(file, run.survey.cache())) {
      add(Kind::kSideFile, name);
      continue;
    }
    for (const Camera* camera : run.cameras.loaded())
      if (lies_below(file, camera->provenance().path.parent_path())) {
        add(Kind::kCamera, camera->name());
        break;
      }
  }
}

void add_ccds(const fits::Table& table, const ReadImageOptions& reading, const InputQuestions& questions,
              const RunContext& run, RunInputs& out) {
  std::string no_programs;
  if (run.calibrations) try {
      PsfMakerOptions programs;
      find_psf_programs(programs, run.environment);
    } catch (const Error& error) {
      no_programs = words_of(error);
    }
  std::vector<std::vector<RunInput>> found(out.ccds.size());
  tbb::parallel_for(std::size_t{0}, out.ccds.size(), [&](std::size_t i) {
    run.cancel.stop_if_asked();
    ReadLog log;
    const CcdReader reader(run.survey, run.cameras, &table, &log);
    const CcdInput input = reader.input(out.ccds[i].row, static_cast<std::int64_t>(i));
    const Looking looking{reader, reading, questions.pixels, run.calibrations != nullptr, no_programs};
    found[i] = CcdLook(looking, input, out.ccds[i]).files();
    if (const fs::path file = corrected_wcs_file(input.source, reading.calibration_dirs); !file.empty()) {
      RunInput wcs{Kind::kSideFile, State::kReady, file, out.ccds[i].row.name(), -1, ""};
      look_at(wcs, [&] { corrected_wcs(input.source, input.source.values, reading.calibration_dirs); });
      found[i].push_back(std::move(wcs));
    }
    add_noted(log, reading, run, out.ccds[i].row.name(), found[i]);
  });
  // What several CCDs share beside their images is told once.
  std::set<fs::path> shared;
  for (std::vector<RunInput>& files : found)
    for (RunInput& input : files)
      if ((input.kind != Kind::kCamera && input.kind != Kind::kSkyTemplate) ||
          shared.insert(input.file).second)
        out.files.push_back(std::move(input));
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
