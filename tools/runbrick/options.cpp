#include "tools/runbrick/options.h"

#include <CLI/CLI.hpp>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/base/version.h"
#include "tools/common/program.h"

namespace brickline {
namespace {

std::vector<std::string> split_bands(const std::string& text) {
  std::vector<std::string> bands;
  std::istringstream in(text);
  for (std::string band; std::getline(in, band, ',');) {
    if (band.empty()) throw usage_error("--bands {}: an empty band name", text);
    bands.push_back(band);
  }
  if (bands.empty()) throw usage_error("--bands: no band is named");
  if (std::set<std::string>(bands.begin(), bands.end()).size() != bands.size())
    throw usage_error("--bands {}: a band is named twice", text);
  return bands;
}

void check(const RunbrickArguments& a) {
  const BrickOptions& b = a.brick;
  if (b.brick.empty() && !b.radec) throw usage_error("which brick? give --brick NAME or --radec RA DEC");
  if (!b.brick.empty() && b.radec) throw usage_error("--brick and --radec contradict each other: give one");
  if (b.width < 1 || b.height < 1) throw usage_error("--width and --height must be at least 1 pixel");
  if (b.width > 30000 || b.height > 30000) throw usage_error("--width and --height go up to 30000 pixels");
  if (!(b.pixel_scale_arcsec > 0) || b.pixel_scale_arcsec > 60)
    throw usage_error("--pixscale must be above 0 and at most 60 arcsec");
  if (b.zoom) {
    const auto& z = *b.zoom;
    if (z[0] < 0 || z[2] < 0 || z[1] > b.width || z[3] > b.height || z[1] <= z[0] || z[3] <= z[2])
      throw usage_error("--zoom {} {} {} {} is not a part x0 < x1, y0 < y1 of the {} x {} brick", z[0], z[1],
                        z[2], z[3], b.width, b.height);
  }
  if (b.threads < 1) throw usage_error("--threads must be at least 1");
  if (!(b.rgb_stretch > 0)) throw usage_error("--rgb-stretch must be above 0");
  if (!(b.nsigma > 0)) throw usage_error("--nsigma must be above 0");
  if (b.iterative_nsigma && !(*b.iterative_nsigma > 0))
    throw usage_error("--iterative-nsigma must be above 0");
  if (b.max_blob_pixels < 0) throw usage_error("--max-blobsize must not be below 0");
  if (b.first_blob && *b.first_blob < 0) throw usage_error("--blob must not be below 0");
  if (b.blob_count && *b.blob_count < 1) throw usage_error("--nblobs must be at least 1");
  if ((b.first_blob || b.blob_count) + !b.blob_numbers.empty() +
          (!b.blobs_at.empty() || !b.blobs_at_sky.empty()) >
      1)
    throw usage_error(
        "blobs are chosen by --blob/--nblobs, --blobid or --blobxy/--blobradec: only one of them");
  if (!(b.saddle_fraction >= 0) || b.saddle_fraction > 1)
    throw usage_error("--saddle-fraction must be within 0 to 1");
  if (!(b.saddle_min >= 0)) throw usage_error("--saddle-min must not be negative");
  if (b.blob_dilate < 0 || b.blob_dilate > 1000)
    throw usage_error("--blob-dilate must be within 0 to 1000 pixels");
  if (b.saturated_images && *b.saturated_images < 1) throw usage_error("--nsatur must be at least 1 image");
  if (b.min_mjd && b.max_mjd && *b.min_mjd > *b.max_mjd) throw usage_error("--min-mjd is after --max-mjd");
}

}  // namespace

std::optional<RunbrickArguments> parse_runbrick(int argc, char** argv) {
  RunbrickArguments a;
  BrickOptions& b = a.brick;
  CLI::App app{"Turns the calibrated images of one brick of sky into coadds and a catalog of fitted sources.",
               "runbrick"};
  app.set_version_flag("--version", std::string("runbrick ") + kVersion);
  app.get_formatter()->column_width(34);

  std::string bands = "g,r,z";
  std::vector<std::string> radec, stages;
  std::vector<int> zoom;
  bool no_wise = false;

  const auto region = "Region";
  app.add_option("-b,--brick", b.brick, "brick by its name in survey-bricks, such as 1102p240")
      ->group(region);
  app.add_option("--radec", radec, "centre of a brick of your own, degrees or sexagesimal (hours, degrees)")
      ->expected(2)
      ->group(region);
  app.add_option("-W,--width", b.width, "pixels")->capture_default_str()->group(region);
  app.add_option("-H,--height", b.height, "pixels")->capture_default_str()->group(region);
  app.add_option("--pixscale", b.pixel_scale_arcsec, "arcsec per pixel")
      ->capture_default_str()
      ->group(region);
  app.add_option("--zoom", zoom, "x0 x1 y0 y1: only this part of the brick's pixels")
      ->expected(4)
      ->group(region);
  app.add_option("--bands", bands, "bands to work on, in this order")->capture_default_str()->group(region);
  app.add_option("--min-mjd", b.min_mjd, "leave out earlier exposures")->group(region);
  app.add_option("--max-mjd", b.max_mjd, "leave out later exposures")->group(region);

  const auto files = "Files";
  app.add_option("--survey-dir", b.survey_dir, "survey directory [$LEGACY_SURVEY_DIR]")->group(files);
  app.add_option("-d,--outdir", b.output_dir, "where the products go")->capture_default_str()->group(files);
  app.add_option("--cache-dir", b.cache_dir, "copies of survey files that are read instead where they exist")
      ->group(files);
  app.add_option("--calib-dir", b.extra_calib_dirs,
                 "a further calib directory, after the survey's; repeatable")
      ->group(files);
  app.add_option("--dust-dir", b.dust_dir, "directory of the SFD dust maps [$DUST_DIR]")->group(files);
  app.add_option("--plugin-dir", b.plugin_dirs, "directory of camera plugins, searched first; repeatable")
      ->group(files);

  const auto sky = "Reference catalogs and artefacts";
  ReferenceChoice& refs = b.references;
  app.add_option("--gaia-dir", refs.gaia_dir, "directory of Gaia's healpix files [$GAIA_CAT_DIR]")
      ->group(sky);
  app.add_option("--gaia-version", refs.gaia_version,
                 "what follows G in the catalog's name: 2, 3 or E [$GAIA_CAT_VER, 1]")
      ->group(sky);
  app.add_option("--gaia-prefix", refs.gaia_prefix, "of the files' names [$GAIA_CAT_PREFIX, chunk]")
      ->group(sky);
  app.add_option("--gaia-scheme", refs.gaia_scheme, "of the healpix numbers [$GAIA_CAT_SCHEME, ring]")
      ->check(CLI::IsMember({"ring", "nested"}))
      ->group(sky);
  app.add_option("--tycho-dir", refs.tycho_dir, "directory of tycho2.kd.fits [$TYCHO2_KD_DIR, the survey's]")
      ->group(sky);
  app.add_option("--large-galaxies", refs.large_galaxies_file,
                 "kd-tree file of large galaxies (SGA) [$LARGEGALAXIES_CAT]")
      ->group(sky);
  app.add_option("--star-clusters", refs.star_clusters_file,
                 "table of star clusters [$STAR_CLUSTERS_CAT, the survey's NGC-star-clusters.fits]")
      ->group(sky);
  app.add_flag("--no-gaia", refs.no_gaia, "do without Gaia")->group(sky);
  app.add_flag("--no-tycho", refs.no_tycho, "do without Tycho-2")->group(sky);
  app.add_flag("--no-large-galaxies", refs.no_large_galaxies, "do without large galaxies")->group(sky);
  app.add_flag("--no-star-clusters", refs.no_star_clusters, "do without star clusters")->group(sky);
  app.add_flag("--require-refs", refs.require, "a catalog that is not there is an error, not a warning")
      ->group(sky);
  app.add_flag("--no-outliers", b.no_outliers, "do not mask what only one of several exposures shows")
      ->group(sky);
  app.add_flag("--cache-outliers", b.cache_outliers,
               "use the outlier masks of the output or survey directory where they are")
      ->group(sky);
  app.add_flag("--remake-outlier-jpegs", b.remake_outlier_jpegs, "the same, and make their pictures again")
      ->group(sky);

  const auto fitting = "Fitting";
  std::vector<int> blob_pixels;
  std::vector<double> blob_positions;
  app.add_flag_callback(
         "--no-iterative", [&b] { b.iterative = false; }, "do not look for sources in what the fits leave")
      ->group(fitting);
  app.add_option("--iterative-nsigma", b.iterative_nsigma, "threshold of that, sigma [--nsigma]")
      ->group(fitting);
  app.add_flag_callback(
         "--no-segmentation", [&b] { b.segmentation = false; },
         "sources share their pixels while models are chosen")
      ->group(fitting);
  app.add_flag("--reoptimize", b.reoptimize, "fit the chosen models once more")->group(fitting);
  app.add_flag("--less-masking", b.less_masking, "fit no background around medium-bright stars")
      ->group(fitting);
  app.add_flag_callback(
         "--no-galaxy-forcepsf", [&b] { b.galaxy_forces_point_sources = false; },
         "let sources in the masks of large galaxies be galaxies")
      ->group(fitting);
  app.add_flag("--galaxy-masking", b.galaxy_masking, "fit each galaxy of a blob on the pixels nearest to it")
      ->group(fitting);
  app.add_flag("--bright-masking", b.bright_masking,
               "keep the pixels of bright regions to the sources in them")
      ->group(fitting);
  app.add_flag("--sub-blobs", b.sub_blobs, "fit large blobs in overlapping parts")->group(fitting);
  app.add_option("--max-blobsize", b.max_blob_pixels, "leave out blobs of more pixels")->group(fitting);
  app.add_option("--nblobs", b.blob_count, "fit this many blobs")->group(fitting);
  app.add_option("--blob", b.first_blob, "fit the blobs from this number on")->group(fitting);
  app.add_option("--blobid", b.blob_numbers, "fit the blobs of these numbers: a,b,c")
      ->delimiter(',')
      ->group(fitting);
  app.add_option("--blobxy", blob_pixels, "x y: fit the blob at this pixel of the brick; repeatable")
      ->type_size(2)
      ->group(fitting);
  app.add_option("--blobradec", blob_positions, "ra dec: fit the blob at this place, degrees; repeatable")
      ->type_size(2)
      ->group(fitting);
  app.add_option(
         "--explain-blob", b.explain_blobs,
         "write a page about how this blob of the catalog was fitted (or that at pixel x,y); repeatable")
      ->group(fitting);
  app.add_flag_callback(
         "--skip-metrics", [&b] { b.metrics = false; }, "write no blob map and no table of all models")
      ->group(fitting);

  const auto control = "Control";
  app.add_option("-s,--stage", stages, "stage to run up to; repeatable [writecat]")->group(control);
  app.add_option("--threads", b.threads, "threads")->capture_default_str()->group(control);
  app.add_option("--release", b.release, "catalog release number")->capture_default_str()->group(control);
  app.add_flag("--old-calibs-ok", b.old_calibs_ok, "use calibrations of another reduction of the image")
      ->group(control);
  app.add_option("--nsigma", b.nsigma, "detection threshold, sigma")->capture_default_str()->group(control);
  app.add_option("--saddle-fraction", b.saddle_fraction,
                 "how far a peak must stand out of its neighbour's slope, as a fraction of itself")
      ->capture_default_str()
      ->group(control);
  app.add_option("--saddle-min", b.saddle_min, "and at least, sigma")->capture_default_str()->group(control);
  app.add_option("--blob-dilate", b.blob_dilate, "by how many pixels blobs grow")
      ->capture_default_str()
      ->group(control);
  app.add_option("--nsatur", b.saturated_images,
                 "saturated is what so many images, or all of a pixel, say [any image]")
      ->group(control);
  app.add_flag("--no-wise", no_wise, "no unWISE photometry (it is not there yet: always so)")->group(control);
  app.add_flag("--skip", a.skip, "do nothing if the brick's catalog (or its marker) is there and sound")
      ->group(control);
  app.add_flag("--skip-coadd", a.skip_coadd, "do nothing if the brick's picture is there")->group(control);
  app.add_flag("--check-done", a.check_done, "only say whether the catalog is there: exit code 0 or 7")
      ->group(control);
  app.add_flag("-v,--verbose", a.verbosity, "say more; twice: everything")->group(control);

  bool no_lanczos = false;
  const auto coadds = "Coadds";
  app.add_option("--rgb-stretch", b.rgb_stretch, "stretch of the colour pictures")
      ->capture_default_str()
      ->group(coadds);
  app.add_flag("--coadd-bw", b.coadd_bw, "grey pictures when there is one band")->group(coadds);
  app.add_flag("--no-lanczos", no_lanczos, "stack the nearest pixels, not interpolated ones")->group(coadds);
  app.add_flag("--apodize", b.apodize, "let the images' weights fall off towards their edges")->group(coadds);
  app.add_flag("--minimal-coadds", b.minimal_coadds, "stage image_coadds: image, invvar and nexp only")
      ->group(coadds);
  app.add_flag("--blob-image", b.blob_image,
               "stage image_coadds comes after srcs, with the blobs outlined in a picture")
      ->group(coadds);
  app.add_flag("--blob-mask", b.blob_mask, "stage image_coadds comes after blobmask, whose mask it holds")
      ->group(coadds);
  app.add_flag("--save-coadd-psf", b.save_coadd_psf, "write each band's coadded PSF")->group(coadds);

  if (!parse_command_line(app, argc, argv)) return {};
  b.lanczos = !no_lanczos;
  b.bands = split_bands(bands);
  for (std::size_t i = 0; i + 1 < blob_pixels.size(); i += 2)
    b.blobs_at.push_back({blob_pixels[i], blob_pixels[i + 1]});
  for (std::size_t i = 0; i + 1 < blob_positions.size(); i += 2)
    b.blobs_at_sky.push_back({blob_positions[i], blob_positions[i + 1]});
  if (!radec.empty()) b.radec = {radec[0], radec[1]};
  if (!zoom.empty()) b.zoom = {zoom[0], zoom[1], zoom[2], zoom[3]};
  if (!stages.empty()) {
    b.stages.clear();
    for (const std::string& name : stages) b.stages.push_back(stage_named(name));
  }
  check(a);
  return a;
}

}  // namespace brickline
