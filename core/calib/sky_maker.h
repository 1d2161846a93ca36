// Makes the sky calibration of a CCD: reads its pixels in native units, masks what is known not to be sky,
// takes off the halos of bright stars, fits (core/calib/sky_fit.h) and writes down the table's row.
#pragma once

#include <filesystem>
#include <optional>

#include "core/base/log.h"
#include "core/calib/sky_fit.h"
#include "core/fits/table.h"
#include "core/image/ccd_reader.h"
#include "core/refs/reference_catalog.h"
#include "core/sky/sky_calibration.h"

namespace brickline {

// How a whole CCD is read for its sky: in native units, no calibration looked at.
ReadImageOptions native_pixels(ReadImageOptions reading);

struct SkyMakerOptions {
  ReadImageOptions reading;     // calibration_dirs, sky_template_dir, environment, old_calibs_ok, trust count
  ReferenceOptions references;  // stars, clusters and galaxies whose pixels are not sky
  bool halos = true;            // where the camera's facts want it and the zero point is known
  SkyFitOptions fit;            // the camera's facts replace box_pixels, detect_sources and jump
  // Clusters and galaxies that cover more of the image than this leave room for one level only.
  double max_extended_fraction = 0.1;
  // Not sky, as an earlier run over the sky found: files of blobs (core/calib/blob_exclusion.h). Empty: none.
  std::filesystem::path blob_mask_dir;
  const SurveyDirectory* survey = nullptr;  // whose bricks those are
};

struct MadeSky {
  fits::Table row;
  SkyFit fit;
  Box extent;  // the part of the CCD that was looked at
  int halos = 0;
  double read_seconds = 0, references_seconds = 0, fit_seconds = 0;  // CPU time of this thread
};

// What the row says beside the fit of the image's pixels.
struct SkyHistory {
  SkyTemplateId sky_template;  // subtracted before
  double halo_zero_point = 0;  // with which halos were subtracted; 0: none were
  bool blob_masked = false;
};
fits::Table sky_row(const SkyFit& fit, const CcdImage& image, const SkyHistory& history);

// Error (kInput) for a CCD that cannot be read, has no pixel of weight, or is too small.
MadeSky make_sky(const CcdReader& reader, const CcdInput& input, const CameraFacts& facts,
                 const SkyMakerOptions& options, Log log = {});

}  // namespace brickline
