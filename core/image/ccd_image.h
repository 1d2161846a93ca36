// One CCD's contribution to a brick: calibrated pixels of the part that overlaps it, with all that is needed
// to put a model on them.
//
// Pixels: sky-subtracted nanomaggies on the CCD's own grid, origin at (extent.x0, extent.y0) of the full CCD.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/image.h"
#include "core/facts/ccd_values.h"
#include "core/facts/halo_model.h"
#include "core/fits/header.h"
#include "core/psf/psf.h"
#include "core/wcs/wcs.h"

namespace brickline {

// The values are those of the open CCD, but for these: plver, plprocid and procdate are what the image's own
// header says, and sig1 (nanomaggies per pixel) comes from the weights where the CCD table has none.
struct CcdImage : CcdValues {
  std::int64_t ccd_row = -1;  // in the CCD table the run selected from
  std::string name;           // "<base>-<ccdname>"

  // What it holds; all of one size.
  Box extent;                  // in the full CCD
  Image<float> data;           // nanomaggies per pixel
  Image<float> inverse_error;  // 1/sigma, per nanomaggy; 0 = masked
  Image<std::uint16_t> mask;   // canonical bits (core/survey/bits.h)
  std::uint16_t saturation_bits = 2;

  // Where it is and how it sees a point.
  Wcs wcs;       // of the sub-image
  Wcs full_wcs;  // of the CCD
  Psf psf;       // in sub-image pixels
  double pixel_scale_arcsec = 0;
  std::optional<HaloModel> halo;  // of bright stars; empty: the camera knows of none in this band

  // When: the start of the exposure, for moving sources.
  double mjd_tai = 0;

  // How deep.
  double zpscale = 1;     // native counts per nanomaggy
  double sky_median = 0;  // native counts ("midsky")
  double psf_sigma() const { return psf_fwhm / 2.35; }
  double psfnorm = 0, galnorm = 0;  // detection norms, 1/pixel

  // Where it comes from.
  std::string datasum;
  std::string sky_version, sky_plver, psf_version, psf_plver;
  std::vector<fits::Card> origin;  // those of kOriginKeys that its headers have, in that order
};

// The cards that products repeat of their input images, looked for in the primary and then the image's
// header.
inline constexpr std::array<std::string_view, 7> kOriginKeys = {"OBSERVAT", "TELESCOP", "OBS-LAT", "OBS-LONG",
                                                                "OBS-ELEV", "INSTRUME", "FILTER"};

}  // namespace brickline
