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
  if (!(b.nsigma > 0)) throw usage_error("--nsigma must be above 0");
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
  app.add_option("--rgb-stretch", b.rgb_stretch, "stretch of the colour pictures")
      ->capture_default_str()
      ->group(control);
  app.add_flag("--coadd-bw", b.coadd_bw, "grey pictures when there is one band")->group(control);
  app.add_flag("--no-wise", no_wise, "no unWISE photometry (it is not there yet: always so)")->group(control);
  app.add_flag("-v,--verbose", a.verbosity, "say more; twice: everything")->group(control);

  if (!parse_command_line(app, argc, argv)) return {};
  b.bands = split_bands(bands);
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
