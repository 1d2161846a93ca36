// From a row of the CCD table to calibrated pixels: the part of one CCD that a target sees.
//
// The order of what is done is fixed, because results depend on it: validate the files' versions; WCS with
// the table's astrometric offset; extent (target polygon, good region); pixels; mask; weights to inverse
// variances (zero where masked, quantisation repaired, clipped at 1.3 times the CCD's typical value);
// saturation; the camera's noise terms, with the sky still in the image; edge relabelling; trimming; sky;
// nanomaggies; the camera's last corrections; PSF and its norms. Each step that belongs to the camera is one
// of OpenCcd's.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/camera/camera.h"
#include "core/image/ccd_image.h"
#include "core/image/table_wcs.h"
#include "core/wcs/wcs.h"

namespace brickline {

// What the CCD table says of one CCD.
struct CcdInput {
  CcdSource source;
  // Astrometric correction: degrees of true angle that the image moves east, and north.
  double ra_offset = 0, dec_offset = 0;
  // The table has no sig1: it becomes 1/sqrt(median weight) of the pixels read.
  bool sig1_from_weights = false;
  // Where the table has the CCD; absent: the header's WCS is compared with nothing.
  std::optional<TableWcs> table_wcs;
};

struct ReadImageOptions {
  Purpose purpose = Purpose::kRun;  // that the camera is told
  // The part wanted: a box of the full CCD, else what a convex polygon on the sky touches, else all.
  std::optional<Box> window;
  std::vector<SkyPosition> polygon;

  bool pixels = true;  // false: all but data, inverse_error and mask, which stay empty; no trimming
  bool sky = true;     // false: no sky model is looked at
  bool subtract_sky = true;
  bool psf = true;               // false: no PSF model is looked at; `psf` and the norms stay empty
  bool nanomaggies = true;       // false: native units; an image without a zero point can be read, too
  bool camera_noise = true;      // false: weights without the noise that the camera adds to them
  bool seeing = true;            // false: an image whose seeing nobody states can be read, too
  bool trim_edges = true;        // drop outer rows and columns without weight
  bool normalize_psf = true;     // PSF stamps of sum 1
  bool constant_weight = false;  // every good pixel gets the noise sig1
  bool apodize = false;          // inverse variances fall to 0 at the sub-image's edges
  int apodize_pixels = 100;      // over so many pixels, or half the image if that is less
  bool old_calibs_ok = false;    // versions that do not agree are warnings
  // Header and table that disagree on where the CCD lies, or on its band: an error, or a warning and this one's word.
  CcdTrust trust = CcdTrust::kNeither;
  bool required = false;  // a CCD that has nothing to give here is an Error (kInput) that says why
  int min_size = 10;      // pixels; a narrower or lower image is not used ("tiny")

  // Calibration directories looked at before the survey's own, laid out like <survey>/calib.
  std::vector<std::filesystem::path> calibration_dirs;
  // Where sky templates are (cameras whose facts state them): this directory, else the one that the
  // environment variable named by the facts holds; without either none are subtracted.
  std::filesystem::path sky_template_dir;
  std::map<std::string, std::string> environment;  // variables' values, by name

  // Where a weight plane's zeros were blurred by compression with no record of its steps, weights below this
  // fraction of the median positive one are zero.
  double blurred_zero_fraction = 0.1;
  double galaxy_norm_arcsec = 0.45;  // half-light radius of the galaxy that `galnorm` stands for
};

// Empty where the CCD has nothing to give here (no overlap, too small, no good pixel, PSF of no use, or the
// camera skips it); the log says why, at info level. Error (kInput) for files that are missing, broken, do
// not belong together or hold values that are not finite, naming file, exposure and CCD.
std::optional<CcdImage> read_ccd_image(const Camera& camera, const CcdInput& input,
                                       const ReadImageOptions& options, Log log = {});

// Memory of one CCD's part, for a forecast before anything is read.
struct CcdImageMemory {
  std::int64_t kept = 0;     // bytes of the finished image (before trimming): its planes and its PSF
  std::int64_t reading = 0;  // bytes at the worst moment of reading it, the planes included
};
CcdImageMemory memory_of_ccd_image(const Box& extent);

}  // namespace brickline
