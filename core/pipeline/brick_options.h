// What one run of one brick is asked to do.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/pipeline/stage_graph.h"

namespace brickline {

struct BrickOptions {
  // Region: one of brick and radec.
  std::string brick;                                // a name of survey-bricks
  std::optional<std::array<std::string, 2>> radec;  // centre of a custom brick, degrees or sexagesimal
  int width = 3600, height = 3600;                  // pixels
  double pixel_scale_arcsec = 0.262;
  std::optional<std::array<int, 4>> zoom;            // x0 x1 y0 y1, half-open, of the whole brick's pixels
  std::vector<std::string> bands = {"g", "r", "z"};  // order of processing and of columns
  std::optional<double> min_mjd, max_mjd;            // inclusive

  // Where data come from and go to.
  std::filesystem::path survey_dir;  // empty: $LEGACY_SURVEY_DIR
  std::filesystem::path output_dir = ".";
  std::filesystem::path cache_dir;                      // empty: none
  std::vector<std::filesystem::path> extra_calib_dirs;  // searched after the survey's own calib directory
  std::filesystem::path dust_dir;                       // SFD maps; empty: $DUST_DIR

  // Plugins.
  std::vector<std::filesystem::path> plugin_dirs;

  // What to do.
  std::vector<Stage> stages = {Stage::kWritecat};
  int threads = 1;
  int release = 9999;
  bool old_calibs_ok = false;  // calibrations of another reduction are used, with a warning
  double nsigma = 6;           // detection threshold
  // Of detection: a peak must stand out of its neighbour's slope by this fraction of itself, and by at least
  // this many sigma; blobs grow by this many pixels.
  double saddle_fraction = 0.1, saddle_min = 2;
  int blob_dilate = 8;
  // Saturated is what so many images, or all there are, say is; empty: what any says is.
  std::optional<int> saturated_images;
  double rgb_stretch = 1;  // multiplies the colour pictures' scales
  bool coadd_bw = false;   // one band gives a grey picture
};

}  // namespace brickline
