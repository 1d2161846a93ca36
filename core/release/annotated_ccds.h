// The annotated table of the CCDs that a survey's bricks were made from: the 50 columns of a measured table of CCDs and the
// 45 that say how its PSF, its sky and its pixels are and how deep it is (the Legacy Surveys' ccds-annotated-CAMERA-drN.fits:
// their names, order and types; texts are as wide as the survey's widest).
//
// The first 50 are what the bricks' tables say; those that these lack are looked for in the image's header (ha, airmass,
// boresight, versions), and are NaN, -1 or blank where that does not say either. The 45 are worked out anew from the image's
// header and the CCD's calibrations (core/zeropoints/ccd_annotation.h has each formula), which must be those that the bricks
// were made with: by the versions that their tables tell. A CCD whose files are missing or others has `annotated` false, NaN
// in all of them, and is told. tileid, tilepass, tileebv are of a survey's list of tiles, which is none of its files: 0, 0,
// NaN.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/log.h"
#include "core/camera/registry.h"
#include "core/catalog/dust.h"
#include "core/image/read_ccd_image.h"
#include "core/release/brick_products.h"
#include "core/release/row_table.h"
#include "core/survey/survey_directory.h"

namespace brickline {

struct AnnotateOptions {
  const SurveyDirectory* survey = nullptr;
  CameraRegistry* cameras = nullptr;  // those of the CCDs are loaded when they are needed
  ReadImageOptions reading;           // calibration_dirs, old_calibs_ok
  const DustMaps* dust = nullptr;     // null: ebv and the extinctions are NaN
  std::string dust_digest;
  bool verify = true;
  Cancel cancel;
};

// `used`: the columns of ccds_columns.
std::vector<RowColumn> annotated_columns(const std::vector<RowColumn>& used);

// Of the CCDs of `used`, the table that make_ccds_part wrote of the group, in its order. A part that is there and was made of
// the same bricks and with the same options stays as it is, if all its CCDs were annotated. Error (kInput): a number that does not fit its column; (kPlugin): a camera
// that cannot be loaded.
void make_annotated_part(const BrickGroup& group, const std::filesystem::path& used,
                         const std::vector<RowColumn>& columns, const std::filesystem::path& out,
                         const AnnotateOptions& options, const Log& log);

struct AnnotatedReport {
  std::int64_t ccds = 0, annotated = 0;
  std::vector<std::string> absent;  // columns in which no CCD has a value
};
struct MergedAnnotated {
  AnnotatedReport report;
  RowTableWriter table;  // finished; to be put in place
};
// CCDs of several parts once. Error (kInput): not one of the CCDs could be annotated.
MergedAnnotated merge_annotated(std::span<const std::filesystem::path> parts,
                                const std::filesystem::path& out, const Cancel& cancel);

}  // namespace brickline
