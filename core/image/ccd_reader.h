// Reading single CCDs of a survey, without a brick: from a row of the CCD table, or from an image file alone,
// to an open CCD or to calibrated pixels. Forced photometry reads whole exposures so, calibration reads what
// has no zero point, sky or PSF yet (ReadImageOptions::nanomaggies, sky, psf):
//
//   const CcdReader reader(survey, cameras, &table.table());
//   const std::optional<CcdImage> image = reader.read(reader.input(row), ReadImageOptions{}, log);
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/log.h"
#include "core/base/read_log.h"
#include "core/camera/registry.h"
#include "core/fits/table.h"
#include "core/image/read_ccd_image.h"
#include "core/survey/ccd_table.h"
#include "core/survey/survey_directory.h"

namespace brickline {

// Safe from any thread. What it is made of must outlive it.
class CcdReader {
 public:
  // `cameras`: those that are needed are loaded. `table`: what the CCD table says of the rows, for plugins
  // that look at other columns; may be null. `read_log` notes every file that is read for a CCD; may be null.
  CcdReader(const SurveyDirectory& survey, const CameraRegistry& cameras, const fits::Table* table = nullptr,
            ReadLog* read_log = nullptr)
      : survey_(survey), cameras_(cameras), table_(table), read_log_(read_log) {}

  // What there is to read.
  // `row_of_table`: the row's place in the table given above.
  CcdInput input(const CcdRow& row, std::int64_t row_of_table) const;
  CcdInput input(const CcdRow& row) const { return input(row, row.table_row); }
  // A CCD that no table tells of: the headers must say what it is. There is no zero point.
  CcdInput input(const std::string& camera, const std::string& image_filename, int image_hdu) const;

  // As read_ccd_image. Error (kPlugin) if the row's camera is not loaded.
  std::optional<CcdImage> read(const CcdInput& input, const ReadImageOptions& options = {},
                               Log log = {}) const;
  // Headers and single steps of a CCD (core/camera/camera.h).
  OpenCcd open(const CcdInput& input, Purpose purpose, Log log = {}) const;

 private:
  const Camera& camera_of(const CcdInput& input) const { return cameras_.camera(input.source.values.camera); }

  const SurveyDirectory& survey_;
  const CameraRegistry& cameras_;
  const fits::Table* table_;
  ReadLog* read_log_;
};

}  // namespace brickline
