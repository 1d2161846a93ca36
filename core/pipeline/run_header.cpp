#include "core/pipeline/run_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/pipeline/stage_outliers.h"
#include "core/survey/provenance.h"

namespace brickline {
namespace {

void add_fitting_options(const BrickOptions& options, std::vector<CommandOption>& given) {
  const auto add = [&](const char* name, auto... values) {
    given.push_back({name, {fmt::format("{}", values)...}});
  };
  if (!options.iterative) add("--no-iterative");
  if (options.iterative_nsigma) add("--iterative-nsigma", *options.iterative_nsigma);
  if (!options.segmentation) add("--no-segmentation");
  if (options.reoptimize) add("--reoptimize");
  if (options.less_masking) add("--less-masking");
  if (!options.galaxy_forces_point_sources) add("--no-galaxy-forcepsf");
  if (options.galaxy_masking) add("--galaxy-masking");
  if (options.bright_masking) add("--bright-masking");
  if (options.sub_blobs) add("--sub-blobs");
  if (options.max_blob_pixels > 0) add("--max-blobsize", options.max_blob_pixels);
  if (!options.metrics) add("--skip-metrics");
  if (options.first_blob) add("--blob", *options.first_blob);
  if (options.blob_count) add("--nblobs", *options.blob_count);
  if (!options.blob_numbers.empty()) add("--blobid", fmt::format("{}", fmt::join(options.blob_numbers, ",")));
  for (const auto& [x, y] : options.blobs_at) add("--blobxy", x, y);
  for (const auto& [ra, dec] : options.blobs_at_sky) add("--blobradec", ra, dec);
}

}  // namespace

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
  const ReferenceChoice& refs = options.references;
  if (refs.no_gaia) add("--no-gaia");
  if (refs.no_tycho) add("--no-tycho");
  if (refs.no_large_galaxies) add("--no-large-galaxies");
  if (refs.no_star_clusters) add("--no-star-clusters");
  if (options.no_outliers) add("--no-outliers");
  if (options.cache_outliers || options.remake_outlier_jpegs) add("--cache-outliers");
  if (options.nsigma != defaults.nsigma) add("--nsigma", options.nsigma);
  if (options.saddle_fraction != defaults.saddle_fraction) add("--saddle-fraction", options.saddle_fraction);
  if (options.saddle_min != defaults.saddle_min) add("--saddle-min", options.saddle_min);
  if (options.blob_dilate != defaults.blob_dilate) add("--blob-dilate", options.blob_dilate);
  if (options.saturated_images) add("--nsatur", *options.saturated_images);
  add_fitting_options(options, given);
  if (options.rgb_stretch != defaults.rgb_stretch) add("--rgb-stretch", options.rgb_stretch);
  if (options.coadd_bw) add("--coadd-bw");
  if (!options.lanczos) add("--no-lanczos");
  if (options.apodize) add("--apodize");
  if (options.minimal_coadds) add("--minimal-coadds");
  if (options.blob_image) add("--blob-image");
  if (options.blob_mask) add("--blob-mask");
  if (options.save_coadd_psf) add("--save-coadd-psf");
  return canonical_command_line("runbrick", given);
}

void add_cards_of(Stage stage, const BrickOptions& options, fits::Header& header) {
  switch (stage) {
    case Stage::kTims:
      return add_stage_card(header, "TIMS");
    case Stage::kRefs:
      return add_stage_card(header, "REFS");
    case Stage::kOutliers:
      return add_outlier_cards(header, options);
    case Stage::kHalos:
      return add_stage_card(header, "HALO");
    case Stage::kSrcs:
      return add_stage_card(header, "SRCS");
    case Stage::kFitblobs:
      add_stage_card(header, "FITB");
      header.set("GALFRPSF", options.galaxy_forces_point_sources, "point sources only in large galaxies?");
      header.set("LESSMASK", options.less_masking, "no background near medium-bright stars?");
      add_dchisq_cards(header);
      return;
    case Stage::kCoadds:
      return add_stage_card(header, "COAD");
    case Stage::kWritecat:
      return add_stage_card(header, "WCAT");
    case Stage::kBlobmask:
    case Stage::kImageCoadds:
      return;
  }
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
  add_cards_of(Stage::kTims, options, header);
  return header;
}

}  // namespace brickline
