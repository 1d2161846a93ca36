// Zero points of whole images: the batch that `make-ccds --measure` runs, and the tables that it leaves.
//
// A CCD that cannot be measured is a row like the others, whose column err_message says why; what was not measured of it
// is NaN, and ccd_cuts has the bit err_legacyzpts. The batch goes on.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/base/progress.h"
#include "core/calib/calibrate.h"
#include "core/calib/ccd_table_maker.h"
#include "core/fits/header.h"
#include "core/fits/table.h"
#include "core/zeropoints/ccd_annotation.h"
#include "core/zeropoints/ccd_zero_point.h"

namespace brickline {

struct MeasureOptions {
  StarMeasurementOptions stars;
  CatalogFiles gaia;
  // By catalog: its directory. Those of a camera's description may be absent, and so may those of gspc and xp, which
  // are then looked for in Gaia's.
  std::map<std::string, std::filesystem::path> photometric_dirs;
  std::optional<std::filesystem::path> xp_basis;  // XpBasis: Gaia's spectra are continuous ones
  // A text in JSON that is laid over the facts of every camera; it holds nothing but "photometry".
  std::string facts_over;
  // The catalog for all; empty: the first of the camera's choice that is there, which gspc and xp are where Gaia's files
  // have their columns, xp also only for bands within the spectra.
  std::string photometry;
  bool make_calibrations = true;
  CalibrateOptions calibrations;  // how; its reading options hold for measuring, too
  std::optional<std::filesystem::path> dust_dir;
  // Where finished CCDs are kept until the batch is done, and what of the program and its options they rest on (beside their
  // own files; core/zeropoints/measured_row_file.h). Empty: nothing is kept. `calibrations.cancel` ends the batch, with
  // Interrupted, after the CCDs that are being measured.
  std::filesystem::path finished_dir;
  std::string finished_key;
};

// The text of a file for `facts_over`, as colour-terms writes it. Error (kInput) that names the file: no JSON object, one with
// another key than "photometry" (and "note"), or one that says where headers have zero points, which makes the table that
// is measured (make_ccd_table) and not its measurement.
std::string read_facts_over(const std::filesystem::path& file);
// Of several files, each laid over those before it; of none, empty.
std::string read_facts_over(const std::vector<std::string>& files);
// A camera's facts with `facts_over`. Error (kInput) that says what is wrong with them.
CameraFacts facts_with_over(const Camera& camera, const std::string& facts_over);

struct MeasuredRow {
  std::string image_filename;
  std::int64_t row =
      -1;  // of the table of CCDs; -1: there is no such row, because its header lacks something
  int hdu = -1;
  CcdZeroPoint zero_point;
  std::optional<CcdAnnotation> annotation;
  double fwhm = CcdAnnotation::kUnknown;  // pixels
  double sig1 = CcdAnnotation::kUnknown;  // nanomaggies per pixel
  double gain = CcdAnnotation::kUnknown;  // electrons per unit
  // World coordinates with the terms beyond the shift, and the name of their file below calib; empty: the header's hold.
  std::optional<fits::Header> corrected_wcs;
  std::string wcs_file;
  bool given = false;  // the zero point is the header's or an option's: no star was fitted
  double read_seconds = 0, fit_seconds = 0;  // CPU time of this thread
};

struct MeasuredImages {
  std::vector<MeasuredRow> rows;  // in the order of the table, then those without a row in it
  std::int64_t failed = 0;
  bool terms = false;  // astrometric terms beyond the shift were asked for
};

// `made`: of make_ccd_table, with zero_points_come_later; its cameras are loaded. Rows whose zero point comes from the header
// or an option keep it.
// Error (kUsage): `options.photometry` is a catalog that no loaded camera's facts know; (kInput): two rows are one CCD.
MeasuredImages measure_images(const SurveyDirectory& survey, const CameraRegistry& cameras,
                              const MadeCcdTable& made, const MeasureOptions& options, const Log& log = {},
                              const Progress& progress = {});

// All columns, one row for each of `rows`, which are numbers of images.rows.
fits::Table annotated_table(const MadeCcdTable& made, const MeasuredImages& images,
                            const std::vector<std::size_t>& rows);
// One row for each star that was fitted on those.
fits::Table photom_table(const MadeCcdTable& made, const MeasuredImages& images,
                         const std::vector<std::size_t>& rows);

// The columns that runbrick reads, and how the zero points were found; a row for each of images.rows.
fits::Table survey_table(const MadeCcdTable& made, const MeasuredImages& images);

// Writes the corrected world coordinates (core/image/corrected_wcs.h) of those images that have some, a file for each,
// below `calib`.
void write_corrected_wcs(const std::filesystem::path& calib, const MadeCcdTable& made,
                         const MeasuredImages& images);

// The files that write_corrected_wcs and write_measured_images write.
std::vector<std::filesystem::path> corrected_wcs_files(const std::filesystem::path& calib,
                                                       const MeasuredImages& images);
std::vector<std::filesystem::path> measured_image_files(const std::filesystem::path& directory,
                                                        const CameraRegistry& cameras,
                                                        const MadeCcdTable& made,
                                                        const MeasuredImages& images);

// Writes <directory>/<image's directory>/<base>-photom.fits and -annotated.fits of every image; `version`: the first
// cards of both.
void write_measured_images(const std::filesystem::path& directory, const CcdReader& reader,
                           const CameraRegistry& cameras, const MadeCcdTable& made,
                           const MeasuredImages& images, const fits::Header& version);

}  // namespace brickline
