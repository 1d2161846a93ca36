#include "core/calib/calibration_record.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/checksum_list.h"
#include "core/base/error.h"
#include "core/psf/psfex.h"
#include "core/sky/sky_calibration.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using State = CalibrationState;

constexpr State kStates[] = {State::kNotAsked, State::kProvided, State::kValid,
                             State::kMissing,  State::kMade,     State::kFailed};

Json step_json(const CalibrationStep& step, const CalibrationChecks& checks) {
  Json json = {{"state", std::string(name_of(step.state))}};
  if (!step.file.empty()) {
    json["versions"] = checks.versions;
    json["old_ok"] = checks.old_calibs_ok;
    json["file"] = fs::absolute(step.file).lexically_normal().string();
  } else if (!step.why.empty()) {
    json["why"] = step.why;
    json["retry"] = step.retry;
    if (step.killed) json["killed"] = true;
  }
  return json;
}

CalibrationRecord::Step step_of(const Json& json) {
  CalibrationRecord::Step step;
  const std::string name = json.at("state");
  const auto* state =
      std::find_if(std::begin(kStates), std::end(kStates), [&](State s) { return name_of(s) == name; });
  if (state == std::end(kStates)) throw input_error("'{}' is no state of a calibration", name);
  step.state = *state;
  if (json.contains("file")) {
    step.file = json.at("file").get<std::string>();
    step.checks.versions = json.at("versions");
    step.checks.old_calibs_ok = json.at("old_ok");
  }
  if (json.contains("why")) {
    step.why = json.at("why");
    step.retry = json.at("retry");
    step.killed = json.contains("killed") && json.at("killed");
  }
  return step;
}

std::string remark(const Json& json) {
  return "# " + json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

void write_calibration_record(const fs::path& list, const Calibrator& calibrator,
                              const std::vector<CcdCalibration>& ccds, const std::vector<fs::path>& merged,
                              const std::vector<std::string>& unmerged) {
  std::string remarks;
  std::vector<fs::path> files;
  std::set<fs::path> listed;
  const auto add = [&](const fs::path& file) {
    if (!file.empty() && listed.insert(file).second) files.push_back(file);
  };
  for (const CcdCalibration& c : ccds) {
    const CalibrationKey key = CalibrationKey::of(c.ccd);
    remarks +=
        remark({{"ccd", fmt::format("{}{}{}", key.expnum, key.ccdname.empty() ? "" : "-", key.ccdname)},
                {"image", fmt::format("{}[{}]", c.ccd.image_filename, c.ccd.image_hdu)},
                {"expnum", key.expnum},
                {"ccdname", key.ccdname},
                {"plver", key.plver},
                {"plprocid", key.plprocid},
                {"psf", step_json(c.psf, calibrator.checks(CalibrationKind::kPsf, c.ccd))},
                {"sky", step_json(c.sky, calibrator.checks(CalibrationKind::kSky, c.ccd))}});
    add(c.psf.file);
    add(c.sky.file);
  }
  for (const fs::path& file : merged) add(file);
  if (!unmerged.empty()) remarks += remark({{"unmerged", unmerged}});
  write_file_atomically(list, remarks + checksum_lines(files));
}

CalibrationRecord read_calibration_record(std::string_view text) {
  CalibrationRecord record;
  while (text.starts_with("# ")) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    try {
      const Json json = Json::parse(line.substr(2));
      if (json.contains("unmerged")) {
        record.unmerged = json.at("unmerged").get<std::vector<std::string>>();
        continue;
      }
      CalibrationRecord::Ccd& ccd = record.ccds.emplace_back();
      ccd.name = json.at("ccd");
      ccd.image = json.at("image");
      ccd.key = {json.at("expnum"), json.at("ccdname"), json.at("plver"), json.at("plprocid")};
      ccd.psf = step_of(json.at("psf"));
      ccd.sky = step_of(json.at("sky"));
    } catch (const Json::exception& error) {
      throw input_error("a remark tells of no CCD: {}", error.what());
    }
  }
  return record;
}

std::string objection_to(CalibrationKind kind, const CalibrationRecord::Ccd& ccd) {
  const bool psf = kind == CalibrationKind::kPsf;
  const CalibrationRecord::Step& step = psf ? ccd.psf : ccd.sky;
  const std::array<fs::path, 1> file = {step.file};
  try {
    if (psf)
      read_psf_calibration(file, ccd.key, step.checks, true);
    else
      read_sky_calibration(file, ccd.key, step.checks);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kInternal || error.kind() == ErrorKind::kResources) throw;
    return error.line();
  }
  return {};
}

}  // namespace brickline
