// Calibrations of CCDs, made where they are missing: whether one is valid, making it, putting it in place.
//
// Valid is what the readers of a run accept (core/survey/calibration.h), nothing else: a file's age or presence
// says nothing. A file appears whole, under its final name, or not at all; before it is put there, validity is
// looked at again, so that of two processes at work on one directory the first one's file stays.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/log.h"
#include "core/base/progress.h"
#include "core/calib/ccd_portrait.h"
#include "core/calib/psf_maker.h"
#include "core/calib/sky_maker.h"
#include "core/camera/registry.h"

namespace brickline {

// The facts of a camera with others laid over those that make calibrations: "psf.degree=1",
// "sky.box_pixels=128", "detection.keys.DETECT_THRESH=2", "psfex.keys.SAMPLE_MINSN=10". Error (kUsage) for a key
// of another section, or that no facts have, with the nearest that they do.
CameraFacts facts_with(const Camera& camera, const std::vector<std::string>& settings);

// Whether the camera brings the CCD's model itself, or says that there is no sky: there is nothing to be made then, and
// no file is looked at. A plugin that can bring models is asked for this CCD's. `facts`: the
// camera's, or a variant of them. Error (kInput) if the facts say that the
// camera brings it (psf.source, sky.source "plugin") and it does not; (kPlugin) if what it brings is no model.
bool provided_by_camera(CalibrationKind kind, const CameraFacts& facts, OpenCcd& ccd);

enum class CalibrationState {
  kNotAsked,
  kProvided,  // the camera has a model of its own, or needs none
  kValid,     // it was there
  kMissing,   // it is to be made
  kMade,
  kFailed,
};
std::string_view name_of(CalibrationState state);

// Why one is to be made where there is no file; where there is one, it is what is wrong with it.
inline constexpr std::string_view kNoneThere = "there is none";

struct CalibrationStep {
  CalibrationState state = CalibrationState::kNotAsked;
  std::string why;                  // it is to be made; or why that failed
  std::filesystem::path file = {};  // that holds it: valid, or made
  bool retry = false;               // it failed, and may go well another time (ProgramFailure)
  bool killed = false;              // with more memory, perhaps
};

// What became of one CCD.
struct CcdCalibration {
  CcdValues ccd;
  std::string name;  // "BASE-CCDNAME"
  CalibrationStep psf, sky;
  std::optional<MadePsf> made_psf;
  std::optional<MadeSky> made_sky;
  bool failed() const {
    return psf.state == CalibrationState::kFailed || sky.state == CalibrationState::kFailed;
  }
  bool missing() const {
    return psf.state == CalibrationState::kMissing || sky.state == CalibrationState::kMissing;
  }
};

struct CalibrateOptions {
  bool psf = true, sky = true;
  bool force = false;                 // valid ones are made again
  std::filesystem::path output;       // laid out as <survey>/calib; sky_maker.reading.calibration_dirs before
                                      // it are looked at, too
  bool keep_catalogs = false;         // of source-extractor: se/D/B/B-C-se.fits below the output
  std::vector<std::string> settings;  // facts_with
  PsfMakerOptions psf_maker;
  SkyMakerOptions sky_maker;
  Cancel cancel = {};  // nothing more is begun when it is asked
};

class Calibrator {
 public:
  // `cameras` are loaded. All must outlive it. Error (kUsage) as facts_with.
  Calibrator(const SurveyDirectory& survey, const CameraRegistry& cameras, const fits::Table* table,
             CalibrateOptions options, Log log = {});

  // What is there, and what is to be made. Errors of the CCD (kInput, kPlugin) are its failure.
  CcdCalibration look_at(const CcdInput& input) const;
  // How versions are compared of that kind of calibration of this CCD.
  CalibrationChecks checks(CalibrationKind kind, const CcdValues& ccd) const;
  // Makes what look_at found missing.
  void make(const CcdInput& input, CcdCalibration& ccd) const;

  // Reads the CCD once more, with the calibrations that are there now. What it lacks is told in the portrait; Error
  // (kInput) if the image's headers cannot be read.
  CcdPortrait portrait(const CcdInput& input) const;

  // All of them, as many at a time as there are threads. Progress is told after each.
  std::vector<CcdCalibration> look_at(const std::vector<CcdInput>& inputs,
                                      const Progress& progress = {}) const;
  void make(const std::vector<CcdInput>& inputs, std::vector<CcdCalibration>& ccds,
            const Progress& progress = {}) const;

 private:
  CalibrationStep look_at(CalibrationKind kind, const CcdInput& input, OpenCcd& ccd) const;
  // Files that may hold it, in the order in which they are looked at, and how they are judged.
  std::vector<std::filesystem::path> candidates(CalibrationKind kind, const CcdInput& input,
                                                const CcdValues& ccd) const;
  // kValid, or kMissing.
  CalibrationStep validity(CalibrationKind kind, const CcdInput& input, const CcdValues& ccd) const;
  void put_in_place(CalibrationKind kind, const CcdInput& input, const CcdCalibration& ccd,
                    const fits::Table& row, CalibrationStep& step) const;
  void make_one(CalibrationKind kind, const CcdInput& input, CcdCalibration& ccd) const;
  bool is_cancelled() const { return options_.cancel.asked(); }
  const CameraFacts& facts_of(const CcdValues& ccd) const;

  const SurveyDirectory& survey_;
  const CameraRegistry& cameras_;
  CcdReader reader_;
  CalibrateOptions options_;
  Log log_;
  std::map<std::string, CameraFacts> facts_;  // by the camera's name
};

}  // namespace brickline
