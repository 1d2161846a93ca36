// Calibrations of CCDs, made where they are missing: whether one is valid, making it, putting it in place.
//
// Valid is what the readers of a run accept (core/survey/calibration.h), nothing else: a file's age or presence
// says nothing. A file appears whole, under its final name, or not at all; before it is put there, validity is
// looked at again, so that of two processes at work on one directory the first one's file stays.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/base/progress.h"
#include "core/calib/psf_maker.h"
#include "core/calib/sky_maker.h"
#include "core/camera/registry.h"

namespace brickline {

// The facts of a camera with others laid over those that make calibrations: "psf.degree=1",
// "sky.box_pixels=128", "detection.keys.DETECT_THRESH=2", "psfex.keys.SAMPLE_MINSN=10". Error (kUsage) for a key
// of another section, or that no facts have, with the nearest that they do.
CameraFacts facts_with(const Camera& camera, const std::vector<std::string>& settings);

enum class CalibrationState {
  kNotAsked,
  kProvided,  // the camera has a model of its own, or needs none
  kValid,     // it was there
  kMissing,   // it is to be made
  kMade,
  kFailed,
};
std::string_view name_of(CalibrationState state);

struct CalibrationStep {
  CalibrationState state = CalibrationState::kNotAsked;
  std::string why;  // it is to be made; or why that failed
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
  std::filesystem::path output;       // laid out as <survey>/calib
  bool keep_catalogs = false;         // of source-extractor: se/D/B/B-C-se.fits below the output
  std::vector<std::string> settings;  // facts_with
  PsfMakerOptions psf_maker;
  SkyMakerOptions sky_maker;
  const std::atomic<bool>* cancelled = nullptr;  // nothing more is begun when it becomes true
};

class Calibrator {
 public:
  // `cameras` are loaded. All must outlive it. Error (kUsage) as facts_with.
  Calibrator(const SurveyDirectory& survey, const CameraRegistry& cameras, const fits::Table* table,
             CalibrateOptions options, Log log = {});

  // What is there, and what is to be made. Errors of the CCD (kInput, kPlugin) are its failure.
  CcdCalibration look_at(const CcdInput& input) const;
  // Makes what look_at found missing.
  void make(const CcdInput& input, CcdCalibration& ccd) const;

  // All of them, as many at a time as there are threads. Progress is told after each.
  std::vector<CcdCalibration> look_at(const std::vector<CcdInput>& inputs,
                                      const Progress& progress = {}) const;
  void make(const std::vector<CcdInput>& inputs, std::vector<CcdCalibration>& ccds,
            const Progress& progress = {}) const;

 private:
  CalibrationStep look_at(CalibrationKind kind, const CcdInput& input, const CcdValues& ccd) const;
  std::string why_not_valid(CalibrationKind kind, const CcdInput& input, const CcdValues& ccd) const;
  void put_in_place(CalibrationKind kind, const CcdInput& input, const CcdCalibration& ccd,
                    const fits::Table& row, CalibrationStep& step) const;
  void make_one(CalibrationKind kind, const CcdInput& input, CcdCalibration& ccd) const;
  bool is_cancelled() const { return options_.cancelled && options_.cancelled->load(); }
  const CameraFacts& facts_of(const CcdValues& ccd) const;

  const SurveyDirectory& survey_;
  const CameraRegistry& cameras_;
  CcdReader reader_;
  CalibrateOptions options_;
  Log log_;
  std::map<std::string, CameraFacts> facts_;  // by the camera's name
};

}  // namespace brickline
