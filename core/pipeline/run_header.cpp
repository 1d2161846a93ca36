#include "core/pipeline/run_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/survey/provenance.h"

namespace brickline {

std::string canonical_options(const BrickOptions& options) {
  const BrickOptions defaults;
  std::vector<CommandOption> given;
  const auto add = [&](const char* name, auto... values) {
    given.push_back({name, {fmt::format("{}", values)...}});
  };
  if (!options.brick.empty()) add("--brick", options.brick);
  if (options.radec) add("--radec", (*options.radec)[0], (*options.radec)[1]);
  if (options.width != defaults.width) add("--width", options.width);
  if (options.height != defaults.height) add("--height", options.height);
  if (options.pixel_scale_arcsec != defaults.pixel_scale_arcsec)
    add("--pixscale", options.pixel_scale_arcsec);
  if (options.zoom)
    add("--zoom", (*options.zoom)[0], (*options.zoom)[1], (*options.zoom)[2], (*options.zoom)[3]);
  if (options.bands != defaults.bands) add("--bands", fmt::format("{}", fmt::join(options.bands, ",")));
  if (options.min_mjd) add("--min-mjd", *options.min_mjd);
  if (options.max_mjd) add("--max-mjd", *options.max_mjd);
  if (options.release != defaults.release) add("--release", options.release);
  if (options.old_calibs_ok) add("--old-calibs-ok");
  if (options.no_outliers) add("--no-outliers");
  if (options.nsigma != defaults.nsigma) add("--nsigma", options.nsigma);
  if (options.rgb_stretch != defaults.rgb_stretch) add("--rgb-stretch", options.rgb_stretch);
  if (options.coadd_bw) add("--coadd-bw");
  return canonical_command_line("runbrick", given);
}

fits::Header run_header(const BrickOptions& options, const Target& target,
                        const std::vector<std::filesystem::path>& ccd_files,
                        const std::vector<std::string>& bands, const std::vector<CcdRow>& used,
                        std::span<const Camera* const> cameras) {
  std::vector<Dependency> dependencies;
  for (const Camera* camera : cameras) {
    const CameraProvenance& p = camera->provenance();
    dependencies.push_back({"camera_" + p.camera, p.plugin + " " + p.plugin_version});
    dependencies.push_back({"camera_" + p.camera + "_sha256", p.file_sha256});
    dependencies.push_back({"camera_" + p.camera + "_facts", p.facts_sha256});
  }
  SurveyIdentity identity;
  identity.release = options.release;
  fits::Header header = version_header(identity, dependencies, canonical_options(options));
  add_brick_cards(header, target);
  add_ccd_cards(header, ccd_files, options.bands, bands, used);
  add_stage_card(header, "TIMS");
  return header;
}

}  // namespace brickline
