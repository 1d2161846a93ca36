// One CCD from its row of the CCD table to measured fluxes: pixels read, halos of bright stars taken off, outliers
// masked, the catalogs' sources found and measured.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "core/base/log.h"
#include "core/base/read_log.h"
#include "core/camera/registry.h"
#include "core/fits/table.h"
#include "core/forced/catalog_directories.h"
#include "core/forced/forced_photometry.h"
#include "core/forced/forced_source.h"
#include "core/forced/zero_point.h"
#include "core/image/read_ccd_image.h"
#include "core/refs/reference_catalog.h"
#include "core/survey/bricks.h"
#include "core/survey/ccd_table.h"
#include "core/survey/survey_directory.h"

namespace brickline {

struct ForcedCcdOptions {
  // Where sources come from: the rows of a file that are sources of their own, else the bricks' catalogs.
  std::filesystem::path catalog_file;
  CatalogDirectories catalogs;
  // Positions to measure point sources at. Catalogs' sources are then fitted beside them, without rows of their own,
  // unless `positions_alone`. Positions within kSamePlaceArcsec of an earlier one are measured with it, at its place; a
  // catalog's star as near as that to one is not fitted beside it.
  std::optional<std::vector<SkyPosition>> positions;
  bool positions_alone = false;
  bool fill_cache = false;  // the CCD's files are copied into the survey's cache first, and read there
  bool correct_zero_points = false;  // fluxes are brought to the catalog's zero point
  std::optional<Box> window;         // only this part of the CCD
  bool outliers = true;              // outlier masks are used,
  std::filesystem::path
      outlier_dir;           // DIR/metrics/BBB/outlier-mask-BRICK.fits.fz; empty: the survey's directory
  bool halos = true;         // stars' halos are taken off where the camera has a model of them
  bool keep_pixels = false;  // the image's, and the model's, are kept when all is measured,
  bool keep_outlier_mask = false;  // and the masks of outliers that were put together
  ReadImageOptions reading = forced_reading();
  ForcedOptions photometry;
  // The whole CCD, with its margins of masked pixels.
  static ReadImageOptions forced_reading() {
    ReadImageOptions o;
    o.trim_edges = false;
    o.old_calibs_ok = true;
    return o;
  }
};

// What is needed beside the CCD's own files. What it refers to must outlive it; safe from any thread.
struct ForcedSurvey {
  const SurveyDirectory& survey;
  const CameraRegistry& cameras;  // those of the CCDs are loaded
  const CcdTable& ccds;
  const BrickTable& bricks;
  ReferenceOptions references;  // Gaia's stars, for halos; large galaxies
};

struct ForcedCcd {
  std::int64_t ccd_row = -1;  // of the CCD table
  CcdImage image;             // without pixels, unless they are kept
  std::vector<ForcedSource> sources;
  std::vector<ForcedSource> taken_off;  // large galaxies whose light was taken off the image
  ForcedResult result;
  Image<std::uint8_t> outlier_mask;  // of the whole CCD, the bricks' masks together; empty unless it is kept
  ZeroPointCheck zero_point;
};

// Empty where the CCD gives no image; the log says why. Error (kInput) naming the file that is broken. `reads` notes
// every file that the measurement rests on, and those that are not there but would have been looked at; may be null.
std::optional<ForcedCcd> measure_ccd(const ForcedSurvey& from, std::int64_t ccd_row,
                                     const ForcedCcdOptions& options, const Log& log,
                                     ReadLog* reads = nullptr);

// The measurements of CCDs, one after the other, as the table that is written: the columns of released forced
// photometry in their order, and image_filename and image_hdu behind them.
fits::Table forced_table(const CcdTable& ccds, std::span<const ForcedCcd> measured,
                         const ForcedOptions& options);

}  // namespace brickline
