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

// How the row's reduction differs from the key's, in words; empty if it does not.
std::string difference(const CalibrationRow& found, const CalibrationKey& key, const Log& log) {
  const struct {
    const char* column;
    const std::string& wanted;
  } compared[] = {{"plver", key.plver}, {"plprocid", key.plprocid}};
  for (const auto& [column, wanted] : compared) {
    if (wanted.empty()) continue;
    if (!found.table.has(column)) return fmt::format("there is no column {}", column);
    const std::string text = found.text(column);
    switch (compare_version(text, wanted)) {
      case VersionMatch::kSame:
        break;
      case VersionMatch::kTruncated:
        log.warning("{}: {} is '{}', that of the CCD table '{}', cut short by its column; accepted",
                    found.file.string(), column, text, wanted);
        break;
      case VersionMatch::kDifferent:
        return fmt::format("{} is '{}', that of the image '{}'", column, text, wanted);
    }
  }
  return {};
}

}  // namespace

std::string ccd_image_name(const FileFacts& files, const CcdValues& ccd) {
  const std::string base = base_name(files.base_name, ccd.image_filename);
  return ccd.ccdname.empty() ? base : base + "-" + ccd.ccdname;
}

CalibrationNames calibration_names(CalibrationKind kind, const FileFacts& files, const CcdValues& ccd) {
  const bool psf = kind == CalibrationKind::kPsf;
  const std::string dir = directory_of(ccd.image_filename);
  const std::string base = base_name(files.base_name, ccd.image_filename);
  const std::string name = ccd_image_name(files, ccd);
  const std::string product = psf ? "psfex" : "sky";
  const std::string ending = psf ? "-psfex.fits" : "-splinesky.fits";

  const auto place = [&](const std::string& fact, const std::string& usual) {
    const auto stated = files.calibration.find(fact);
    if (stated == files.calibration.end()) return usual;
    return stated->second ? expanded(*stated->second, dir, base, ccd) : std::string();
  };
  const std::string key = psf ? "psf" : "sky";
  CalibrationNames names;
  names.single = place(key, below(below(below(product + "-single", dir), base), name + ending));
  names.merged = place(key + "_merged", below(below(product, dir), base + ending));
  if (!files.calibration.contains(key + "_merged")) names.oldest = below(dir, base + ending);
  return names;
}

std::vector<std::string> calibration_paths(CalibrationKind kind, const FileFacts& files,
                                           const CcdValues& ccd) {
  CalibrationNames names = calibration_names(kind, files, ccd);
  std::vector<std::string> paths;
  for (std::string* name : {&names.single, &names.merged, &names.oldest})
    if (!name->empty()) paths.push_back(std::move(*name));
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
  std::vector<std::pair<CalibrationRow, std::string>> others;  // of another reduction, and how they differ
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
    std::string differs = checks.versions ? difference(found, key, log) : std::string();
    if (!differs.empty()) {
      others.emplace_back(std::move(found), std::move(differs));
      continue;
    }
    for (const auto& [other, why] : others)
      log.warning("{}: {}; it is of no use, {} is taken", other.file.string(), why, file.string());
    return found;
  }
  if (others.empty()) return std::nullopt;
  auto& [first, why] = others.front();
  if (!checks.old_calibs_ok)
    throw input_error("{}: it belongs to another reduction of the image (old calibrations can be allowed)",
                      why)
        .in_file(first.file.string());
  log.warning("{}: {}; accepted, because old calibrations are allowed", first.file.string(), why);
  return std::move(first);
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
