// What one run of one brick is asked to do.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/pipeline/stage_graph.h"

namespace brickline {

// Which reference catalogs are read; a path given here wins over the environment's.
struct ReferenceChoice {
  bool no_tycho = false, no_gaia = false, no_large_galaxies = false, no_star_clusters = false;
  bool require = false;  // a catalog that is wanted and absent is an error
  std::filesystem::path tycho_dir, gaia_dir, large_galaxies_file, star_clusters_file;
  std::string gaia_prefix, gaia_scheme, gaia_version;
};

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

  ReferenceChoice references;

  // Plugins.
  std::vector<std::filesystem::path> plugin_dirs;

  // What to do.
  std::vector<Stage> stages = {Stage::kWritecat};
  int threads = 1;
  int release = 9999;
  bool old_calibs_ok = false;         // calibrations of another reduction are used, with a warning
  bool no_outliers = false;           // the images are taken as they are
  bool cache_outliers = false;        // outlier masks of an earlier run are used where they fit
  bool remake_outlier_jpegs = false;  // so, and their pictures are made anew
  double nsigma = 6;                  // detection threshold
  bool apodize = false;               // images' weights fall off towards their edges

  // Detection: a peak must stand out of its neighbour's slope by this fraction of itself, and by at least
  // this many sigma; blobs grow by this many pixels.
  double saddle_fraction = 0.1, saddle_min = 2;
  int blob_dilate = 8;
  // Saturated is what so many images, or all there are, say is; empty: what any says is.
  std::optional<int> saturated_images;

  // Fitting.
  bool iterative = true;                    // sources are also looked for in what the fits leave
  std::optional<double> iterative_nsigma;   // threshold of that; empty: nsigma
  bool segmentation = true;                 // every pixel has one owner while a source's model is chosen
  bool reoptimize = false;                  // the chosen models are fitted once more
  bool less_masking = false;                // no background is fitted around medium-bright stars
  bool galaxy_forces_point_sources = true;  // in masks of large galaxies, everything else is a point source
  bool galaxy_masking = false;              // each galaxy of a blob is fitted on the pixels nearest to it
  bool bright_masking = false;              // pixels of bright regions are for the sources in them alone
  bool sub_blobs = false;                   // large blobs are fitted in overlapping parts
  std::int64_t max_blob_pixels = 0;         // larger blobs are not fitted; 0: no limit
  bool metrics = true;                      // the blob map and the table of all models are written
  // Blobs to write a page about, by their number in the catalog or "x,y", a pixel of the (zoomed) brick.
  std::vector<std::string> explain_blobs;
  // Only some blobs: a range, numbers, or those at positions.
  std::optional<int> first_blob, blob_count;
  std::vector<int> blob_numbers;
  std::vector<std::array<int, 2>> blobs_at;         // pixels of the (zoomed) brick
  std::vector<std::array<double, 2>> blobs_at_sky;  // RA, Dec in degrees

  // Coadds.
  bool lanczos = true;          // false: nearest neighbours
  double rgb_stretch = 1;       // multiplies the colour pictures' scales
  bool coadd_bw = false;        // one band gives a grey picture
  bool minimal_coadds = false;  // image_coadds: image, invvar and nexp only
  bool save_coadd_psf = false;  // each band's coadded PSF becomes a product
  bool blob_image = false;      // image_coadds after srcs, with the blobs drawn into its picture
  bool blob_mask = false;       // image_coadds after blobmask
};

}  // namespace brickline
