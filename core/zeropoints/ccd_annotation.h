// What a table of CCDs says of each beside its measured zero point: shape of PSF and pixels, sky, corners, depth
// (the Legacy Surveys' "annotated" columns).
#pragma once

#include <array>
#include <functional>
#include <limits>
#include <span>
#include <string>

#include "core/catalog/dust.h"
#include "core/image/ccd_image.h"
#include "core/image/ccd_reader.h"

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
  // Of the open CCD (annotate_ccd).
  std::array<int, 4> good_region{-1, -1, -1,
                                 -1};  // pixels: first and end (exclusive) in x, then in y; -1: no limit
  double humidity = kUnknown, outtemp = kUnknown;  // cards HUMIDITY and OUTTEMP
  std::string sky_version, sky_plver;              // of the model of the sky
};

// At a place of the whole CCD (0-based pixels), in the image's own units.
using SkyLevel = std::function<double(double x, double y)>;

// `image`: with its PSF; `wcs`: of the whole CCD, with the measured offset; `sky`: its level, empty: not known;
// `units_per_nanomaggy`, `sig1` (nanomaggies per pixel) and `fwhm` (pixels) with the measured zero point.
CcdAnnotation annotate(const CcdImage& image, const Wcs& wcs, const SkyLevel& sky, double units_per_nanomaggy,
                       double sig1, double fwhm, const DustMaps* dust);

// What the table of CCDs says, or a measurement, of a CCD.
struct CcdMeasurement {
  double zero_point = CcdAnnotation::kUnknown;  // mag, per second
  double sig1 = CcdAnnotation::kUnknown;        // nanomaggies per pixel
  double fwhm = CcdAnnotation::kUnknown;        // pixels
};
// The same with its headers and its sky looked up: the camera's own, else its calibration's, from which the image was not
// necessarily cleaned. Error (kInput) for files that are missing or do not belong to it.
CcdAnnotation annotate_ccd(const CcdReader& reader, const CcdInput& input, const CcdImage& image,
                           const Wcs& wcs, const CameraFacts& facts, const CcdMeasurement& measured,
                           const ReadImageOptions& reading, Purpose purpose, const DustMaps* dust,
                           Log log = {});

// The columns of an annotated table behind `annotated` and `good_region`, in order, with the types that the Legacy Surveys'
// tables have: E, D, J, B.
struct AnnotationColumn {
  const char* name;
  char type;
  int width;  // values in a row
  const char* unit;
  std::function<double(const CcdAnnotation&, int k)> value;
};
std::span<const AnnotationColumn> annotation_columns();

}  // namespace brickline
