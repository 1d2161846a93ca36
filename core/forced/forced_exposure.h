// Forced photometry of whole exposures: the CCDs chosen are measured side by side, and what comes out is one table.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/log.h"
#include "core/base/read_log.h"
#include "core/fits/header.h"
#include "core/forced/forced_ccd.h"
#include "core/survey/survey_identity.h"

namespace brickline {

struct ExposureChoice {
  std::string camera;  // empty: any
  std::optional<std::int64_t> expnum;
  std::string ccdname;  // empty: all
};
// Rows of the CCD table, in order of camera, exposure and CCD. Cuts (ccd_cuts) are not looked at: whoever asks for a
// CCD gets it, and the table tells its cuts. Error (kInput) if there is none, with what there is.
std::vector<std::int64_t> choose_ccds(const CcdTable& ccds, const ExposureChoice& choice);

// DIR/forced/CAMERA/EEEEE/forced-CAMERA-EXPNUM.fits, EEEEE the first five of the number's at least eight digits.
std::filesystem::path forced_file(const std::filesystem::path& directory, const std::string& camera,
                                  std::int64_t expnum);

// The CCDs that gave an image, in the order of `rows`, whatever the number of threads. `failed`: what went wrong with
// others, one line each; they do not end the rest.
struct MeasuredCcds {
  std::vector<ForcedCcd> ccds;
  std::vector<std::string> failed;
  bool interrupted = false;  // not all were begun
};
MeasuredCcds measure_ccds(const ForcedSurvey& from, const std::vector<std::int64_t>& rows,
                          const ForcedCcdOptions& options, const Log& log, ReadLog* reads = nullptr,
                          const Cancel& cancel = {});

inline constexpr const char* kFailedCcdsComment = "CCDs that could not be measured";  // of the card NCCDFAIL

// The primary header: whose product, the first CCD's image and telescope, the bits of dqmask (DQ_*, DBIT_n) and
// ccd_cuts (CC_*, CBIT_n), the apertures' radii (APRADn).
// The last of these.
void add_forced_cards(fits::Header& header);
fits::Header forced_header(const SurveyIdentity& identity, std::string_view command_line,
                           const std::vector<ForcedCcd>& measured);

// One HDU per CCD, named by its ccdname, with its projection: the models' sum, or the pixels that were fitted
// (nanomaggies).
enum class ForcedPlane { kModel, kData };
void write_forced_planes(const std::filesystem::path& file, const fits::Header& header,
                         const std::vector<ForcedCcd>& measured, ForcedPlane plane);

// One HDU per CCD, named by its ccdname: the catalog's rows that were used there, as source_table() has them, those
// that were taken off the image at the end.
void write_forced_catalogs(const std::filesystem::path& file, const fits::Header& header,
                           const std::vector<ForcedCcd>& measured);

// One HDU per CCD, named by its ccdname: the masks of outliers of the bricks that it touches put together on the whole
// CCD, 0 where there is none, with its projection, CAMERA, EXPNUM, CCDNAME and IMGFILE. Compressed where the file's
// name ends in .fz.
void write_outlier_mask_of_exposure(const std::filesystem::path& file, fits::Header header,
                                    const std::vector<ForcedCcd>& measured);
// DIR/outlier-masks/<image_filename, its .fits as -outlier.fits>
std::filesystem::path outlier_mask_file(const std::filesystem::path& directory,
                                        const std::string& image_filename);

// Writes the table; returns the file's SHA-256.
std::string write_forced_table(const std::filesystem::path& file, const fits::Header& header,
                               const fits::Table& table);

}  // namespace brickline
