#include "core/image/sky_template.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"

namespace brickline {
namespace {

void replace(std::string& text, std::string_view from, std::string_view to) {
  if (const std::size_t at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
}

// The one row of the exposure (and CCD); -1 if there is not exactly one.
std::int64_t row_of(const fits::Table& scales, const CcdValues& ccd) {
  std::int64_t found = -1;
  for (std::int64_t i = 0; i < scales.rows(); ++i) {
    if (scales.integer("expnum", i) != ccd.expnum) continue;
    if (scales.has("ccdname") && scales.text("ccdname", i) != ccd.ccdname) continue;
    if (found >= 0) return -1;
    found = i;
  }
  return found;
}

}  // namespace

std::filesystem::path sky_template_directory(const SkyFacts::Template& facts,
                                             const std::filesystem::path& given,
                                             const std::map<std::string, std::string>& environment) {
  std::filesystem::path directory = given;
  if (directory.empty())
    if (const auto found = environment.find(facts.environment); found != environment.end())
      directory = found->second;
  std::error_code ignored;
  if (!directory.empty() && !std::filesystem::is_directory(directory, ignored))
    throw input_error("the sky templates' directory {} is not there ({})", directory.string(),
                      given.empty() ? "$" + facts.environment : "as given");
  return directory;
}

std::optional<ScaledSkyTemplate> read_sky_template(const SkyFacts::Template& facts,
                                                   const std::filesystem::path& directory,
                                                   const CcdValues& ccd, const Box& window,
                                                   bool old_calibs_ok, Log log, ReadLog* read_log) {
  const std::filesystem::path table_file = directory / facts.scales;
  if (!std::filesystem::exists(table_file)) {
    log.warning("{}: there is no such table; no sky template is subtracted", table_file.string());
    return std::nullopt;
  }
  const fits::Table scales = fits::FitsReader(table_file, read_log).table(1);
  const std::int64_t row = row_of(scales, ccd);
  if (row < 0) {
    log.warning("{}: not exactly one row of exposure {}; no sky template is subtracted", table_file.string(),
                ccd.expnum);
    return std::nullopt;
  }
  ScaledSkyTemplate result;
  result.id.run = scales.integer("run", row);
  result.id.scale = scales.number("skyscale", row);
  if (result.id.run == -1) return std::nullopt;
  const std::string plprocid = scales.has("plprocid") ? scales.text("plprocid", row) : "";
  if (!ccd.plprocid.empty() && compare_version(plprocid, ccd.plprocid) == VersionMatch::kDifferent) {
    log.warning(
        "{}: exposure {} is of reduction '{}', the image of '{}'; {}", table_file.string(), ccd.expnum,
        plprocid, ccd.plprocid,
        old_calibs_ok ? "accepted, because old calibrations are allowed" : "no sky template is subtracted");
    if (!old_calibs_ok) return std::nullopt;
  }

  std::string name = facts.image;
  replace(name, "{band}", ccd.band);
  replace(name, "{run}", std::to_string(result.id.run));
  std::filesystem::path file = directory / name;
  if (!std::filesystem::exists(file)) file += ".fz";
  if (!std::filesystem::exists(file)) {
    log.warning("{}: there is no such file; no sky template is subtracted", (directory / name).string());
    return std::nullopt;
  }
  fits::FitsReader reader(file, read_log);
  const std::optional<int> hdu = reader.find_hdu(ccd.ccdname);
  if (!hdu) {
    log.warning("{}: no extension {}; no sky template is subtracted", file.string(), ccd.ccdname);
    return std::nullopt;
  }
  result.id.version = reader.header(0).integer("SKYTMPL").value_or(-1);
  result.level = reader.image<float>(*hdu, window);
  const auto scale = static_cast<float>(result.id.scale);
  for (int y = 0; y < result.level.height(); ++y)
    for (int x = 0; x < result.level.width(); ++x) result.level(x, y) *= scale;
  return result;
}

void check_sky_template(const SkyCalibration& sky, const SkyFacts::Template& facts,
                        const std::optional<SkyTemplateId>& subtracted, bool old_calibs_ok, Log log) {
  const SkyTemplateId have = subtracted.value_or(SkyTemplateId{});
  if (!sky.sky_template) {
    if (!subtracted)
      log.info("{}: it does not say whether a sky template was subtracted before; none is now",
               sky.file.string());
    else
      log.warning("{}: it does not say which sky template was subtracted before; accepted",
                  sky.file.string());
    return;
  }
  const SkyTemplateId& made = *sky.sky_template;
  const bool same_scale = static_cast<float>(made.scale) == static_cast<float>(have.scale);
  // Without a template its scale means nothing.
  if (made.version == have.version && made.run == have.run && (same_scale || have.run == -1)) return;
  const auto described = [](const SkyTemplateId& id) {
    return id.run == -1
               ? std::string("no sky template")
               : fmt::format("sky template version {}, run {}, scale {}", id.version, id.run, id.scale);
  };
  std::string what = fmt::format("the sky model was made with {}; subtracted from the image: {}",
                                 described(made), described(have));
  if (have.run == -1) what += fmt::format(" (${} names the templates' directory)", facts.environment);
  if (!old_calibs_ok) throw input_error("{}", what).in_file(sky.file.string());
  log.warning("{}: {}; accepted, because old calibrations are allowed", sky.file.string(), what);
}

}  // namespace brickline
