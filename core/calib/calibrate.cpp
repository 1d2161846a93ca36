#include "core/calib/calibrate.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/error.h"
#include "core/fits/fits_writer.h"
#include "core/psf/psfex.h"
#include "core/sky/sky_calibration.h"

namespace brickline {
namespace {

using State = CalibrationState;

// The failure of one CCD, in words; what must end the run goes on.
std::string words_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInternal || e.kind() == ErrorKind::kResources) throw;
    return e.line();
  } catch (const SkipCcd& skip) {
    return skip.what();
  }
}

// Runs f(i) for all, as many at a time as there are threads.
template <typename F>
void for_each(std::size_t n, const Progress& progress, const F& f) {
  std::mutex mutex;
  std::int64_t done = 0;
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>(0, n, 1),
      [&](const tbb::blocked_range<std::size_t>& range) {
        for (std::size_t i = range.begin(); i < range.end(); ++i) f(i);
        if (!progress) return;
        const std::scoped_lock lock(mutex);
        progress(done += static_cast<std::int64_t>(range.size()), static_cast<std::int64_t>(n));
      },
      tbb::simple_partitioner());
}

}  // namespace

CameraFacts facts_with(const Camera& camera, const std::vector<std::string>& settings) {
  if (settings.empty()) return camera.facts();
  using Json = nlohmann::json;
  Json own = Json::object();
  for (const std::string& setting : settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) throw usage_error("'{}' is not KEY=VALUE", setting);
    std::string key = setting.substr(0, equals);
    const std::string value = setting.substr(equals + 1), section = key.substr(0, key.find('.'));
    if (section != "psf" && section != "detection" && section != "psfex" && section != "sky")
      throw usage_error("'{}': only the facts psf, detection, psfex and sky make calibrations", setting);
    for (char& c : key)
      if (c == '.') c = '/';
    const Json parsed = Json::parse(value, nullptr, false);
    try {
      own[Json::json_pointer("/" + key)] = parsed.is_discarded() ? Json(value) : parsed;
    } catch (const Json::exception&) {
      throw usage_error("'{}': another setting makes its key a value", setting);
    }
  }
  ParsedFacts parsed =
      parse_camera_facts(merge_camera_facts(camera.facts_json(), own.dump()), camera.facts().camera);
  if (!parsed.problems.empty())
    throw usage_error("facts of camera {}: {}", camera.name(), fmt::join(parsed.problems, "; "));
  return std::move(parsed.facts);
}

bool provided_by_camera(CalibrationKind kind, const CameraFacts& facts, OpenCcd& ccd) {
  const auto promised = [&](const char* fact) {
    return input_error(
               "the camera's facts say that it brings the model itself ({} is \"plugin\"), and it has none for "
               "this CCD",
               fact)
        .in_file(ccd.image_file().string());
  };
  if (kind == CalibrationKind::kPsf) {
    using Origin = PsfFacts::Origin;
    if (ccd.psf()) return true;
    if (facts.psf.source == Origin::kPlugin) throw promised("psf.source");
    return false;
  }
  using Origin = SkyFacts::Origin;
  if (facts.sky.source == Origin::kNone || facts.sky.source == Origin::kZero || ccd.sky(Box{0, 1, 0, 1}))
    return true;
  if (facts.sky.source == Origin::kPlugin) throw promised("sky.source");
  return false;
}

std::string_view name_of(State state) {
  switch (state) {
    case State::kNotAsked:
      return "not asked for";
    case State::kProvided:
      return "the camera's own";
    case State::kValid:
      return "already valid";
    case State::kMissing:
      return "missing";
    case State::kMade:
      return "made";
    case State::kFailed:
      return "failed";
  }
  return "";
}

Calibrator::Calibrator(const SurveyDirectory& survey, const CameraRegistry& cameras, const fits::Table* table,
                       CalibrateOptions options, Log log)
    : survey_(survey),
      cameras_(cameras),
      reader_(survey, cameras, table),
      options_(std::move(options)),
      log_(log) {
  options_.psf_maker.cancel = options_.cancel;
  options_.sky_maker.survey = &survey_;
  for (const Camera* camera : cameras.loaded())
    facts_.emplace(camera->name(), facts_with(*camera, options_.settings));
}

const CameraFacts& Calibrator::facts_of(const CcdValues& ccd) const {
  return facts_.at(cameras_.camera(ccd.camera).name());
}

std::vector<std::filesystem::path> Calibrator::candidates(CalibrationKind kind, const CcdInput& input,
                                                          const CcdValues& ccd) const {
  std::vector<std::filesystem::path> files;
  const std::vector<std::string> names = calibration_paths(kind, facts_of(ccd).files, ccd);
  for (const std::filesystem::path& directory : options_.sky_maker.reading.calibration_dirs)
    for (const std::string& name : names) files.push_back(directory / name);
  for (const std::string& name : names) files.push_back(options_.output / name);
  if (options_.output != survey_.calib() || !survey_.cache().empty())
    for (const std::string& name : names) files.push_back(input.source.locate(SurveyPlace::kCalib, name));
  return files;
}

CalibrationChecks Calibrator::checks(CalibrationKind kind, const CcdValues& ccd) const {
  using Versions = CheckFacts::Versions;
  const Versions versions = facts_of(ccd).checks.version_validation;
  CalibrationChecks checks;
  checks.old_calibs_ok = options_.sky_maker.reading.old_calibs_ok;
  checks.versions =
      kind == CalibrationKind::kPsf ? versions != Versions::kExistence : versions == Versions::kFull;
  return checks;
}

CalibrationStep Calibrator::validity(CalibrationKind kind, const CcdInput& input,
                                     const CcdValues& ccd) const {
  const std::vector<std::filesystem::path> files = candidates(kind, input, ccd);
  const CalibrationKey key = CalibrationKey::of(ccd);
  bool there = false;
  std::error_code code;
  for (const std::filesystem::path& file : files) there |= std::filesystem::exists(file, code);
  if (!there) return {State::kMissing, std::string(kNoneThere)};
  try {
    const std::filesystem::path file =
        kind == CalibrationKind::kPsf ? read_psf_calibration(files, key, checks(kind, ccd), true, log_).file
                                      : read_sky_calibration(files, key, checks(kind, ccd), log_).file;
    return {State::kValid, "", file};
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInternal || e.kind() == ErrorKind::kResources) throw;
    return {State::kMissing, e.line()};
  }
}

CalibrationStep Calibrator::look_at(CalibrationKind kind, const CcdInput& input, OpenCcd& open) const {
  if (!(kind == CalibrationKind::kPsf ? options_.psf : options_.sky)) return {};
  const CcdValues& ccd = open.values();
  const CameraFacts& facts = facts_of(ccd);
  const bool none = kind == CalibrationKind::kPsf && facts.psf.source == PsfFacts::Origin::kNone;
  if (none || provided_by_camera(kind, facts, open)) return {State::kProvided, ""};
  const CalibrationNames names = calibration_names(kind, facts.files, ccd);
  if (names.single.empty())
    return {State::kFailed, "the camera's facts name no file for it (files.calibration)"};
  if (options_.force) return {State::kMissing, "it is to be made again"};
  return validity(kind, input, ccd);
}

CcdCalibration Calibrator::look_at(const CcdInput& input) const {
  CcdCalibration out;
  out.ccd = input.source.values;
  out.name = out.ccd.image_filename;
  const auto failure = [] { return CalibrationStep{State::kFailed, words_of(std::current_exception())}; };
  try {
    OpenCcd open = reader_.open(input, Purpose::kCalibrate, log_);
    out.ccd = open.values();
    out.name = ccd_image_name(facts_of(out.ccd).files, out.ccd);
    for (const auto& [kind, step] :
         {std::pair{CalibrationKind::kPsf, &out.psf}, std::pair{CalibrationKind::kSky, &out.sky}})
      try {
        *step = look_at(kind, input, open);
      } catch (...) {
        *step = failure();
      }
  } catch (...) {
    if (options_.psf) out.psf = failure();
    if (options_.sky) out.sky = failure();
  }
  return out;
}

void Calibrator::put_in_place(CalibrationKind kind, const CcdInput& input, const CcdCalibration& ccd,
                              const fits::Table& row, CalibrationStep& step) const {
  if (!options_.force)
    if (const CalibrationStep now = validity(kind, input, ccd.ccd); now.state == State::kValid) {
      step = {State::kValid, "another process made it meanwhile", now.file};
      return;
    }
  fits::FitsWriter writer;
  writer.add_table(row);
  const std::filesystem::path file =
      options_.output / calibration_names(kind, facts_of(ccd.ccd).files, ccd.ccd).single;
  writer.write(file);
  step = {State::kMade, "", file};
}

void Calibrator::make_one(CalibrationKind kind, const CcdInput& input, CcdCalibration& ccd) const {
  const bool psf = kind == CalibrationKind::kPsf;
  CalibrationStep& step = psf ? ccd.psf : ccd.sky;
  if (step.state != State::kMissing || is_cancelled()) return;
  const CameraFacts& facts = facts_of(ccd.ccd);
  try {
    if (psf) {
      PsfMakerOptions maker = options_.psf_maker;
      if (options_.keep_catalogs) {
        const std::filesystem::path image = ccd.ccd.image_filename;
        maker.keep_catalog = options_.output / "se" / image.parent_path() /
                             base_name(facts.files.base_name, ccd.ccd.image_filename) /
                             (ccd.name + "-se.fits");
      }
      ccd.made_psf = make_psf(reader_, input, cameras_.camera(ccd.ccd.camera), facts, maker, log_);
      put_in_place(kind, input, ccd, ccd.made_psf->row, step);
    } else {
      ccd.made_sky = make_sky(reader_, input, facts, options_.sky_maker, log_);
      put_in_place(kind, input, ccd, ccd.made_sky->row, step);
      ccd.made_sky->fit.good = {};
    }
  } catch (const ProgramFailure& failure) {
    if (!is_cancelled()) step = {State::kFailed, failure.line(), {}, true, failure.killed};
  } catch (...) {
    const std::string why = words_of(std::current_exception());
    if (is_cancelled()) return;
    step = {State::kFailed, why};
  }
}

void Calibrator::make(const CcdInput& input, CcdCalibration& ccd) const {
  const bool sky_first = ccd.missing() && facts_of(ccd.ccd).sky.before_psf;
  if (sky_first) make_one(CalibrationKind::kSky, input, ccd);
  make_one(CalibrationKind::kPsf, input, ccd);
  make_one(CalibrationKind::kSky, input, ccd);
}

CcdPortrait Calibrator::portrait(const CcdInput& input) const {
  OpenCcd open = reader_.open(input, Purpose::kCalibrate);
  const CcdValues& ccd = open.values();
  const CalibrationKey key = CalibrationKey::of(ccd);
  CcdPortrait out;
  out.width = ccd.width;
  out.height = ccd.height;
  const auto attempt = [&](const auto& portray) {
    try {
      portray();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInternal || error.kind() == ErrorKind::kResources) throw;
      out.lacking.push_back(error.line());
    } catch (const SkipCcd& skip) {
      out.lacking.push_back(skip.what());
    }
  };
  if (options_.sky)
    attempt([&] {
      constexpr auto kSky = CalibrationKind::kSky;
      const CcdImage image = *reader_.read(input, native_pixels(options_.sky_maker.reading));
      out.extent = image.extent;
      const auto level = [&] {
        if (std::optional<ProvidedSky> own = open.sky(image.extent)) return std::move(own->level);
        if (provided_by_camera(kSky, facts_of(ccd), open))
          return Image<float>(image.extent.width(), image.extent.height());
        return read_sky_calibration(candidates(kSky, input, ccd), key, checks(kSky, ccd))
            .model.render(image.extent);
      };
      portray_sky(image.data, image.inverse_error, level(), out);
    });
  if (options_.psf)
    attempt([&] {
      constexpr auto kPsf = CalibrationKind::kPsf;
      std::optional<ProvidedPsf> own = open.psf();
      portray_psf(own ? own->psf
                      : read_psf_calibration(candidates(kPsf, input, ccd), key, checks(kPsf, ccd), true).psf,
                  out);
    });
  return out;
}

std::vector<CcdCalibration> Calibrator::look_at(const std::vector<CcdInput>& inputs,
                                                const Progress& progress) const {
  std::vector<CcdCalibration> out(inputs.size());
  for_each(inputs.size(), progress, [&](std::size_t i) { out[i] = look_at(inputs[i]); });
  return out;
}

void Calibrator::make(const std::vector<CcdInput>& inputs, std::vector<CcdCalibration>& ccds,
                      const Progress& progress) const {
  for_each(inputs.size(), progress, [&](std::size_t i) {
    if (!is_cancelled()) make(inputs[i], ccds[i]);
  });
}

}  // namespace brickline
