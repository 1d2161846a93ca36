#include "core/pipeline/ccd_inputs.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/calib/calibrate.h"
#include "core/fits/fits_reader.h"
#include "core/image/ccd_reader.h"
#include "core/image/corrected_wcs.h"
#include "core/image/file_versions.h"
#include "core/pipeline/look_at_input.h"
#include "core/psf/psfex.h"
#include "core/sky/sky_calibration.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using Kind = InputKind;
using State = InputState;

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

}  // namespace

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
      look_at(wcs, [&] {
        const WcsFacts& facts = run.cameras.camera(input.source.values.camera).facts().wcs;
        corrected_wcs(input.source, input.source.values, facts, reading.calibration_dirs);
      });
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

}  // namespace brickline
