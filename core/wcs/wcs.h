// World coordinates of one image: pixel <-> (RA, Dec).
//
// Pixels are 0-based (the centre of the first pixel is (0,0)); FITS's CRPIX is 1-based and stays inside this
// room. Positions are degrees, ICRS, RA in [0, 360). TAN, TPV (and TAN with PV cards) and SIP go through
// WCSLIB. A Wcs is an immutable value: copies share nothing mutable, and const calls are safe from any
// thread.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/image.h"
#include "core/fits/header.h"

namespace brickline {

struct SkyPosition {
  double ra = 0, dec = 0;  // degrees
};
struct PixelPosition {
  double x = 0, y = 0;
};

// d(intermediate world coordinates)/d(pixel), degrees per pixel, row-major: {cd1_1, cd1_2, cd2_1, cd2_2}.
using CdMatrix = std::array<double, 4>;

class Wcs {
 public:
  Wcs() = default;
  // A plain tangent projection; crpix is the 0-based pixel of (crval1, crval2).
  static Wcs tangent(double crval1, double crval2, double crpix_x, double crpix_y, const CdMatrix& cd,
                     int width, int height);
  // From a FITS header (CTYPE TAN, TAN with PV, TPV, TAN-SIP; CDi_j, or PCi_j with CDELT). Error (kInput)
  // otherwise.
  static Wcs from_header(const fits::Header& header, int width, int height);

  // The same image with its tangent point moved: ddec degrees north, dra degrees of true angle east.
  Wcs with_offset(double dra, double ddec) const;
  // The part of the image inside `box`: pixel (box.x0, box.y0) becomes (0, 0).
  Wcs sub_image(const Box& box) const;

  int width() const { return width_; }
  int height() const { return height_; }

  SkyPosition pixel_to_sky(double x, double y) const;
  // Empty for positions 90 degrees or more from the tangent point.
  std::optional<PixelPosition> sky_to_pixel(double ra, double dec) const;

  // The constant linear part, from the header's CD (not the local derivative).
  const CdMatrix& cd() const { return cd_; }
  // 3600 sqrt|det CD|.
  double pixel_scale_arcsec() const;
  SkyPosition tangent_point() const { return crval_; }
  PixelPosition reference_pixel() const { return crpix_; }  // 0-based
  bool is_plain_tangent() const { return distortion_ == nullptr; }
  // CTYPE, CRVAL, CRPIX (1-based), CD of a plain tangent projection, for output headers.
  fits::Header to_header() const;

 private:
  struct Distortion;  // TPV or SIP terms
  SkyPosition crval_;
  PixelPosition crpix_;
  CdMatrix cd_{};
  int width_ = 0, height_ = 0;
  std::shared_ptr<const Distortion> distortion_;
};

}  // namespace brickline
