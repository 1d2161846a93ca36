// One CCD's contribution to a brick: calibrated pixels of the part that overlaps it, with all that is needed
// to put a model on them.
//
// Pixels: sky-subtracted nanomaggies on the CCD's own grid, origin at (extent.x0, extent.y0) of the full CCD.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/facts/halo_model.h"
#include "core/fits/header.h"
#include "core/psf/psf.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct CcdImage {
  // Who it is.
  std::int64_t ccd_row = -1;  // in the CCD table the run selected from
  std::string camera, ccdname, band, image_filename, propid;
  std::int64_t expnum = 0;
  std::string name;  // "<base>-<ccdname>"

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

  // When.
  double mjd_tai = 0;  // start of the exposure, for moving sources
  double mjd_obs = 0;  // UTC, of the CCD table
  double exptime = 0;  // seconds

  // How deep.
  double sig1 = 0;        // nanomaggies per pixel, of the CCD table
  double zpscale = 1;     // native counts per nanomaggy
  double sky_median = 0;  // native counts ("midsky")
  double psf_fwhm = 0;    // pixels, of the image header
  double psf_sigma() const { return psf_fwhm / 2.35; }
  double psfnorm = 0, galnorm = 0;  // detection norms, 1/pixel

  // Where it comes from.
  std::string plver, plprocid, procdate, datasum;
  std::string sky_version, sky_plver, psf_version, psf_plver;
  fits::Header primary_header, image_header;
};

}  // namespace brickline
