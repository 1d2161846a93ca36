// What one run of one brick is asked to do, in groups: a group is what a stage can ask for, and a stage reads
// the groups that its signature names and no others (stage.h). Every member is bound to the command line by
// one row of the option table (option_table.h), which says what it means, what it changes, and how it is
// written.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/galaxy_profiles.h"

namespace brickline {

// Which piece of sky, which exposures of it.
struct RegionOptions {
  static constexpr std::string_view kOptionGroup = "region";
  std::string brick;                                // a name of survey-bricks; one of brick and radec
  std::optional<std::array<std::string, 2>> radec;  // centre of a custom brick, degrees or sexagesimal
  int width = 3600, height = 3600;                  // pixels
  double pixel_scale_arcsec = 0.262;
  std::optional<std::array<int, 4>> zoom;            // x0 x1 y0 y1, half-open, of the whole brick's pixels
  std::vector<std::string> bands = {"g", "r", "z"};  // order of processing and of columns
  std::optional<double> min_mjd, max_mjd;            // inclusive
};

// Where images and their calibrations come from.
struct SurveyPaths {
  static constexpr std::string_view kOptionGroup = "survey";
  std::filesystem::path survey_dir;
  std::vector<std::string> ccd_tables;                  // their file names' patterns; empty: all
  std::filesystem::path cache_dir;                      // empty: none
  std::vector<std::filesystem::path> extra_calib_dirs;  // searched before the survey's own calib directory
  std::vector<std::filesystem::path> plugin_dirs;
  bool allow_insecure_plugins = false;  // plugins that everyone may write to are used, with a warning
  bool no_user_plugins = false;         // those of the user's own directory are not looked at
};

// How the pixels of a CCD are read.
struct ReadingOptions {
  static constexpr std::string_view kOptionGroup = "reading";
  bool old_calibs_ok = false;  // calibrations of another reduction are used, with a warning
  bool trust_header =
      false;                 // where the CCD table and the header disagree about the sky, the header is right
  bool trust_table = false;  // the table is
  bool apodize = false;      // images' weights fall off towards their edges
};

// What is done about calibrations that are missing. No stage reads it: what a run takes from calibrations is in their
// files, whoever made them.
struct CalibrationChoice {
  static constexpr std::string_view kOptionGroup = "calibrations";
  bool skip = false;  // none is made
  std::filesystem::path
      blob_mask_dir;  // products of an earlier run, whose blobs are masked for skies; empty: none
};

// What the products call the survey and its release.
struct ReleaseOptions {
  static constexpr std::string_view kOptionGroup = "release";
  int release = 9999;        // the catalog's column `release`
  std::string survey_name;   // empty: the survey directory's own (survey.json)
  std::string data_release;  // the same
};

// Which reference catalogs are read, and from where.
struct ReferenceChoice {
  static constexpr std::string_view kOptionGroup = "references";
  bool no_tycho = false, no_gaia = false, no_large_galaxies = false, no_star_clusters = false;
  bool require = false;  // a catalog that is wanted and absent is an error
  std::filesystem::path tycho_dir, gaia_dir, large_galaxies_file, star_clusters_file;
  std::string gaia_prefix, gaia_scheme, gaia_version;
};

struct OutlierChoice {
  static constexpr std::string_view kOptionGroup = "outliers";
  bool no_outliers = false;     // the images are taken as they are
  bool cache_outliers = false;  // outlier masks of an earlier run are used where they fit
  bool remake_jpegs = false;    // so, and their pictures are made anew
};

// Of the colour pictures.
struct PictureOptions {
  static constexpr std::string_view kOptionGroup = "pictures";
  double rgb_stretch = 1;  // multiplies the colour pictures' scales
  bool coadd_bw = false;   // one band gives a grey picture
};

struct DetectionChoice {
  static constexpr std::string_view kOptionGroup = "detection";
  double nsigma = 6;  // detection threshold
  // A peak must stand out of its neighbour's slope by this fraction of itself, and by at least this many
  // sigma; blobs grow by this many pixels.
  double saddle_fraction = 0.1, saddle_min = 2;
  int blob_dilate = 8;
  // Saturated is what so many images, or all there are, say is; empty: what any says is.
  std::optional<int> saturated_images;
};

// What more than fitting itself depends on.
struct FitWay {
  static constexpr std::string_view kOptionGroup = "way of fitting";
  std::string fit = "reference";  // "joint": sources that overlap are also fitted together

  bool joint() const { return fit == "joint"; }
  // Of everything that a run draws: its fits, model coadds and photometry of other telescopes.
  GalaxyProfiles profiles() const { return joint() ? GalaxyProfiles::kSersic : GalaxyProfiles::kReference; }
};

struct FittingChoice {
  static constexpr std::string_view kOptionGroup = "fitting";
  bool bulge_disk = true;                   // of a joint fit: galaxies may be a bulge plus disk,
  bool bulge_disk_of_all = false;           // also those that no Sersic index is demanded for
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
};

// Only some blobs: a range, numbers, or those at positions.
struct BlobChoice {
  static constexpr std::string_view kOptionGroup = "blobs";
  std::optional<int> first_blob, blob_count;
  std::vector<int> blob_numbers;
  std::vector<std::array<int, 2>> blobs_at;         // pixels of the (zoomed) brick
  std::vector<std::array<double, 2>> blobs_at_sky;  // RA, Dec in degrees
};

struct MetricsOptions {
  static constexpr std::string_view kOptionGroup = "metrics";
  bool metrics = true;  // the blob map and the table of all models are written
};

struct ExplainOptions {
  static constexpr std::string_view kOptionGroup = "explain";
  // Blobs to write a page about, by their number in the catalog or "x,y", a pixel of the (zoomed) brick.
  std::vector<std::string> explain_blobs;
};

struct StackingOptions {
  static constexpr std::string_view kOptionGroup = "stacking";
  bool lanczos = true;          // false: nearest neighbours
  bool save_coadd_psf = false;  // each band's coadded PSF becomes a product
};

// Of the early coadds (stage image_coadds).
struct EarlyCoaddOptions {
  static constexpr std::string_view kOptionGroup = "early coadds";
  bool minimal = false;     // image, invvar and nexp only
  bool blob_image = false;  // they come after srcs, with the blobs drawn into their picture
  bool blob_mask = false;   // they come after blobmask; wins over blob_image
};

// unWISE forced photometry: there is none without coadds.
struct WiseOptions {
  static constexpr std::string_view kOptionGroup = "wise";
  bool wanted = true;
  std::string coadd_dirs;               // of full depth, between colons, searched in order
  std::filesystem::path epoch_dir;      // time-resolved coadds; empty: no light curves
  std::filesystem::path model_sky_dir;  // backgrounds of W1 and W2; empty: none
  std::filesystem::path psf_dir;        // models of the PSF
  std::filesystem::path tiles_file;     // the atlas of tiles; empty: psf_dir's wise-tiles.fits
  std::optional<int> epochs;            // the light curves' width; empty: as the epoch directory's name says
  bool gaia_only = false;               // only sources of reference catalogs
  bool coadds = true;                   // coadds, pictures and apertures are made
  bool save_psf = false;                // the coadds' PSFs become products
  std::filesystem::path checkpoint;     // finished bands and epochs are kept here; empty: nowhere
};

struct GalexOptions {
  static constexpr std::string_view kOptionGroup = "galex";
  bool wanted = false;
  std::filesystem::path dir;
};

// Bands that nothing is fitted in: what the others have found is measured in them.
struct ForcedBandChoice {
  static constexpr std::string_view kOptionGroup = "forced bands";
  std::vector<std::string> bands;
};

struct DustOptions {
  static constexpr std::string_view kOptionGroup = "dust";
  std::filesystem::path dust_dir;  // SFD maps; empty: none
};

struct BailOutOptions {
  static constexpr std::string_view kOptionGroup = "bail-out";
  bool bail_out = false;  // no blob is fitted any more: the catalog is made of what the journal has
};

// How the run goes about it; nothing of it changes a product.
struct ControlOptions {
  static constexpr std::string_view kOptionGroup = "control";
  std::filesystem::path output_dir = ".";
  std::vector<std::string> stages;  // to run up to; empty: the last
  int threads = 1;
  std::optional<double> max_memory_gb;  // 10^9 bytes that the run may take; empty: what it takes
  std::string state_pattern = "state/runbrick-%(brick)s-%(stage)s.fits";  // relative to output_dir
  std::vector<std::string> force_stages;  // made anew, with all that needs what they make
  bool force_all = false;
  bool no_write = false;                  // no state is written
  std::vector<std::string> write_stages;  // up to which state is written; empty: of all stages
  bool keep_state = false;                // the state stays when the run has come to its end
  std::string preset;                     // options of that name; empty: none
  std::filesystem::path config;           // options of that file; empty: none
  bool dump_config = false;               // only tell the options
  bool log_json = false;                  // log and progress are for programs
  bool page = true;                       // a page of the run is written beside the products
  std::filesystem::path checkpoint;  // journal of fitted blobs; empty: beside the state, if any is written
  double checkpoint_period_seconds = 600;    // how much fitting may be lost
  std::optional<double> time_limit_seconds;  // the run ends before, to be carried on
  bool no_wise_ceres = false;                // says nothing: WISE's fluxes are exact anyhow
  int verbosity = 0;
  bool plan = false;        // only say what would run
  bool skip = false;        // nothing to do if the catalog is there
  bool skip_coadd = false;  // nothing to do if the picture is there
  bool check_done = false;  // only say whether the catalog is there
};

struct BrickOptions {
  RegionOptions region;
  SurveyPaths survey;
  ReadingOptions reading;
  CalibrationChoice calibrations;
  ReleaseOptions release;
  ReferenceChoice references;
  OutlierChoice outliers;
  PictureOptions pictures;
  DetectionChoice detection;
  FitWay way;
  FittingChoice fitting;
  BlobChoice blobs;
  MetricsOptions metrics;
  ExplainOptions explain;
  StackingOptions stacking;
  EarlyCoaddOptions early_coadds;
  WiseOptions wise;
  GalexOptions galex;
  ForcedBandChoice forced_bands;
  DustOptions dust;
  BailOutOptions bail_out;
  ControlOptions control;
};

// The group of that type: what stages are handed.
template <class Group>
const Group& group_of(const BrickOptions& options);

template <>
inline const RegionOptions& group_of(const BrickOptions& o) {
  return o.region;
}
template <>
inline const SurveyPaths& group_of(const BrickOptions& o) {
  return o.survey;
}
template <>
inline const ReadingOptions& group_of(const BrickOptions& o) {
  return o.reading;
}
template <>
inline const CalibrationChoice& group_of(const BrickOptions& o) {
  return o.calibrations;
}
template <>
inline const ReleaseOptions& group_of(const BrickOptions& o) {
  return o.release;
}
template <>
inline const ReferenceChoice& group_of(const BrickOptions& o) {
  return o.references;
}
template <>
inline const OutlierChoice& group_of(const BrickOptions& o) {
  return o.outliers;
}
template <>
inline const PictureOptions& group_of(const BrickOptions& o) {
  return o.pictures;
}
template <>
inline const DetectionChoice& group_of(const BrickOptions& o) {
  return o.detection;
}
template <>
inline const FitWay& group_of(const BrickOptions& o) {
  return o.way;
}
template <>
inline const FittingChoice& group_of(const BrickOptions& o) {
  return o.fitting;
}
template <>
inline const BlobChoice& group_of(const BrickOptions& o) {
  return o.blobs;
}
template <>
inline const MetricsOptions& group_of(const BrickOptions& o) {
  return o.metrics;
}
template <>
inline const ExplainOptions& group_of(const BrickOptions& o) {
  return o.explain;
}
template <>
inline const StackingOptions& group_of(const BrickOptions& o) {
  return o.stacking;
}
template <>
inline const EarlyCoaddOptions& group_of(const BrickOptions& o) {
  return o.early_coadds;
}
template <>
inline const WiseOptions& group_of(const BrickOptions& o) {
  return o.wise;
}
template <>
inline const GalexOptions& group_of(const BrickOptions& o) {
  return o.galex;
}
template <>
inline const ForcedBandChoice& group_of(const BrickOptions& o) {
  return o.forced_bands;
}
template <>
inline const DustOptions& group_of(const BrickOptions& o) {
  return o.dust;
}
template <>
inline const BailOutOptions& group_of(const BrickOptions& o) {
  return o.bail_out;
}

}  // namespace brickline
