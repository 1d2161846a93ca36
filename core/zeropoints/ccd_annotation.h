// What a table of CCDs says of each beside its measured zero point: shape of PSF and pixels, sky, corners, depth
// (the Legacy Surveys' "annotated" columns).
#pragma once

#include <array>
#include <limits>
#include <optional>

#include "core/catalog/dust.h"
#include "core/image/ccd_image.h"
#include "core/sky/sky_model.h"

namespace brickline {

struct CcdAnnotation {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  struct Statistics {
    double mean = kUnknown, deviation = kUnknown, most = kUnknown, least = kUnknown;
  };
  std::array<SkyPosition, 4> corners{};  // FITS pixels (1,1), (1,H), (W,H), (W,1)
  SkyPosition centre{};
  double dra = kUnknown, ddec = kUnknown;  // degrees: largest half extents along rows and columns
  Statistics sky;                          // nanomaggies per pixel
  Statistics pixel_scale;                  // arcsec
  Statistics psf_norm, galaxy_norm;        // 1/pixel, on a grid of 5 x 5
  double mx2 = kUnknown, my2 = kUnknown, mxy = kUnknown;  // pixel^2, of the PSF in the middle
  double a = kUnknown, b = kUnknown, theta = kUnknown, ellipticity = kUnknown;  // pixels, degrees
  double ebv = kUnknown;                                                        // mag
  // 5 sigma, AB mag: of a point source and a galaxy of 0.45 arcsec, with the PSF and with a Gaussian of its FWHM.
  double psf_depth = kUnknown, galaxy_depth = kUnknown, gaussian_psf_depth = kUnknown,
         gaussian_galaxy_depth = kUnknown;
};

// `image`: with its PSF; `wcs`: of the whole CCD, with the measured offset; `sky`: its level at a place of the whole CCD
// in the image's own units, empty: not known; `units_per_nanomaggy`, `sig1` (nanomaggies per pixel) and `fwhm` (pixels)
// with the measured zero point.
CcdAnnotation annotate(const CcdImage& image, const Wcs& wcs, const SkyModel* sky, double units_per_nanomaggy,
                       double sig1, double fwhm, const DustMaps* dust);

}  // namespace brickline
