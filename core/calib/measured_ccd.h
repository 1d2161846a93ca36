// One row of a CCD table, measured on its image.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/calib/ccd_table_maker.h"
#include "core/image/ccd_image.h"

namespace brickline {

struct MeasuredCcd {
  CcdValues values;  // image_filename as below the survey's images
  ZeroPointSource zero_point_source = ZeroPointSource::kNominal;
  // A tangent plane without the header's distortion; crpix as FITS counts.
  double crpix1 = 0, crpix2 = 0, crval1 = 0, crval2 = 0;
  CdMatrix cd{};
  SkyPosition centre{};                  // of the CCD, distortion and all
  std::array<SkyPosition, 4> corners{};  // FITS (1,1), (1,H), (W,H), (W,1)
  double pixel_scale_arcsec = 0;
  double sky_per_second = 0,
         sky_rms_per_second = 0;         // counts: median and spread of what 3-sigma clipping leaves
  double sky_mag_per_square_arcsec = 0;  // NaN: no positive sky
  Box good;
};

// Empty, with the reasons added to `problems`, for a CCD that lacks something.
std::optional<MeasuredCcd> measure_ccd(const CcdReader& reader, const Camera& camera, const std::string& file,
                                       int hdu, const CcdTableOptions& options,
                                       std::vector<CcdProblem>& problems, const Log& log);

// The columns of a survey's CCD table, `zpt_source` and those of the annotated form that are known.
fits::Table ccd_table_of(const std::vector<MeasuredCcd>& rows);

}  // namespace brickline
