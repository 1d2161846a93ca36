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
  // The part wanted: a box of the full CCD, else what a convex polygon on the sky touches, else all.
  std::optional<Box> window;
  std::vector<SkyPosition> polygon;

  bool pixels = true;  // false: all but data, inverse_error and mask, which stay empty; no trimming
  bool subtract_sky = true;
  bool nanomaggies = true;       // false: native units
  bool trim_edges = true;        // drop outer rows and columns without weight
  bool normalize_psf = true;     // PSF stamps of sum 1
  bool constant_weight = false;  // every good pixel gets the noise sig1
  bool apodize = false;          // inverse variances fall to 0 at the sub-image's edges
  int apodize_pixels = 100;      // over so many pixels, or half the image if that is less
  bool old_calibs_ok = false;    // versions that do not agree are warnings
  // Header and table that disagree on where the CCD lies: an error, or a warning and this one's word.
  WcsTrust wcs_trust = WcsTrust::kNeither;
  int min_size = 10;             // pixels; a narrower or lower image is not used ("tiny")

  // Calibration directories looked at before the survey's own, laid out like <survey>/calib.
  std::vector<std::filesystem::path> calibration_dirs;
  // Sky templates (cameras whose facts state them); empty: none are subtracted.
  std::filesystem::path sky_template_dir;

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

// What the finished image will take in memory, before trimming: 10 bytes per pixel.
std::int64_t estimated_bytes(const Box& extent);

}  // namespace brickline
