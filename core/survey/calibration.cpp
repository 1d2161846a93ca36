#include "core/survey/calibration.h"

#include <fmt/format.h>

#include "core/fits/fits_reader.h"

namespace brickline {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

std::string expanded(std::string pattern, const std::string& dir, const std::string& base,
                     const CcdValues& ccd) {
  replace_all(pattern, "{dir}", dir);
  replace_all(pattern, "{base}", base);
  replace_all(pattern, "{ccd}", ccd.ccdname);
  replace_all(pattern, "{expnum}", std::to_string(ccd.expnum));
  return pattern;
}

std::string directory_of(const std::string& image_filename) {
  return std::filesystem::path(image_filename).parent_path().string();
}

std::string below(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

// Throws, or warns where old calibrations are accepted.
void disagree(const std::filesystem::path& file, const CalibrationChecks& checks, const Log& log,
              const std::string& what) {
  if (!checks.old_calibs_ok)
    throw input_error("{}: it belongs to another reduction of the image (old calibrations can be allowed)",
                      what)
        .in_file(file.string());
  log.warning("{}: {}; accepted, because old calibrations are allowed", file.string(), what);
}

void check_versions(const CalibrationRow& found, const CalibrationKey& key, const CalibrationChecks& checks,
                    const Log& log) {
  const struct {
    const char* column;
    const std::string& wanted;
  } compared[] = {{"plver", key.plver}, {"plprocid", key.plprocid}};
  for (const auto& [column, wanted] : compared) {
    if (wanted.empty()) continue;
    if (!found.table.has(column)) {
      disagree(found.file, checks, log, fmt::format("there is no column {}", column));
      continue;
    }
    const std::string text = found.text(column);
    switch (compare_version(text, wanted)) {
      case VersionMatch::kSame:
        break;
      case VersionMatch::kTruncated:
        log.warning("{}: {} is '{}', that of the CCD table '{}', cut short by its column; accepted",
                    found.file.string(), column, text, wanted);
        break;
      case VersionMatch::kDifferent:
        disagree(found.file, checks, log,
                 fmt::format("{} is '{}', that of the image '{}'", column, text, wanted));
    }
  }
}

}  // namespace

std::string ccd_image_name(const FileFacts& files, const CcdValues& ccd) {
  const std::string base = base_name(files.base_name, ccd.image_filename);
  return ccd.ccdname.empty() ? base : base + "-" + ccd.ccdname;
}

std::vector<std::string> calibration_paths(CalibrationKind kind, const FileFacts& files,
                                           const CcdValues& ccd) {
  const bool psf = kind == CalibrationKind::kPsf;
  const std::string dir = directory_of(ccd.image_filename);
  const std::string base = base_name(files.base_name, ccd.image_filename);
  const std::string name = ccd_image_name(files, ccd);
  const std::string product = psf ? "psfex" : "sky";
  const std::string ending = psf ? "-psfex.fits" : "-splinesky.fits";

  // Empty: not looked at.
  const auto place = [&](const std::string& fact, const std::string& usual) {
    const auto stated = files.calibration.find(fact);
    if (stated == files.calibration.end()) return usual;
    return stated->second ? expanded(*stated->second, dir, base, ccd) : std::string();
  };
  const std::string key = psf ? "psf" : "sky";
  const std::string merged = place(key + "_merged", below(below(product, dir), base + ending));
  const std::string single = place(key, below(below(below(product + "-single", dir), base), name + ending));

  std::vector<std::string> paths;
  for (const std::string& path : psf ? std::vector{merged, single} : std::vector{single, merged})
    if (!path.empty()) paths.push_back(path);
  if (!files.calibration.contains(key + "_merged")) paths.push_back(below(dir, base + ending));
  return paths;
}

CalibrationKey CalibrationKey::of(const CcdValues& ccd) {
  return {ccd.expnum, ccd.ccdname, ccd.plver, ccd.plprocid};
}

std::string CalibrationRow::text(std::string_view column) const {
  return table.has(column) ? table.text(column, row) : std::string();
}

VersionMatch compare_version(std::string_view in_file, std::string_view wanted) {
  if (in_file == wanted) return VersionMatch::kSame;
  return in_file.substr(0, wanted.size()) == wanted ? VersionMatch::kTruncated : VersionMatch::kDifferent;
}

std::optional<CalibrationRow> find_calibration(std::span<const std::filesystem::path> candidates,
                                               const CalibrationKey& key, const CalibrationChecks& checks,
                                               Log log) {
  for (const std::filesystem::path& file : candidates) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) continue;
    CalibrationRow found{file, fits::FitsReader(file, checks.read_log).table(1), 0};
    std::vector<std::int64_t> rows;
    if (found.table.has("expnum") && found.table.has("ccdname"))
      for (std::int64_t i = 0; i < found.table.rows(); ++i)
        if (found.table.integer("expnum", i) == key.expnum && found.table.text("ccdname", i) == key.ccdname)
          rows.push_back(i);
    if (rows.size() > 1)
      log.warning("{}: {} rows of exposure {}, CCD '{}': none of them is used, remove all but one",
                  file.string(), rows.size(), key.expnum, key.ccdname);
    if (rows.size() != 1) {
      log.debug("{}: {} rows of exposure {}, CCD '{}'; looking further", file.string(), rows.size(),
                key.expnum, key.ccdname);
      continue;
    }
    found.row = rows[0];
    if (checks.versions) check_versions(found, key, checks, log);
    return found;
  }
  return std::nullopt;
}

Error no_calibration(std::string_view what, std::span<const std::filesystem::path> candidates,
                     const CalibrationKey& key) {
  std::string looked;
  for (const std::filesystem::path& c : candidates) looked += (looked.empty() ? "" : ", ") + c.string();
  Error error = input_error("no {} model of exposure {}, CCD '{}'; looked in {}", what, key.expnum,
                            key.ccdname, looked.empty() ? "no file" : looked);
  if (!candidates.empty()) error.in_file(candidates.front().string());
  return error;
}

}  // namespace brickline
