// World coordinates of one image: pixel <-> (RA, Dec).
//
// Pixels are 0-based (the centre of the first pixel is (0,0)); FITS's CRPIX is 1-based and stays inside this
// room. Positions are degrees, ICRS, RA in [0, 360).
//
// A header's dialects are settled by wcs_cards.h and its neighbours with WCSLIB's help; what they found is
// evaluated here, because WCSLIB's structs hold scratch space and cannot be shared between threads, and
// because a pixel's position is a hot path. With (u, v) = pixel - reference pixel:
//   TAN      (xi, eta) = CD (u, v), then the tangent projection (Calabretta & Greisen 2002, section 5.1.3)
//   SIP      (u, v) -> (u + A(u, v), v + B(u, v)) before CD          (Shupe et al. 2005)
//   TPV      (xi, eta) -> (PV1(xi, eta), PV2(eta, xi)) after CD      (FITS registry of conventions: TPV)
//   TNX      (xi, eta) -> (xi + lngcor, eta + latcor) after CD       (FITS registry of conventions: TNX)
// Inverses solve these forward equations by Newton's method to rounding; a header's own inverse terms (AP,
// BP) are ignored. A Wcs is an immutable value: copies share nothing mutable, and const calls are safe from
// any thread.
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

class Distortion;

class Wcs {
 public:
  Wcs() = default;
  // A plain tangent projection; crpix is the 0-based pixel of (crval1, crval2).
  static Wcs tangent(double crval1, double crval2, double crpix_x, double crpix_y, const CdMatrix& cd,
                     int width, int height);
  // From a FITS header: the projections, distortions and frames of projection_cards.h, the linear parts of
  // linear_cards.h. Error (kInput) that names the card otherwise, and for a distortion that folds the image
  // over itself; the caller names the file.
  static Wcs from_header(const fits::Header& header, int width, int height);

  // The same image with its tangent point moved: ddec degrees north, dra degrees of true angle east. The
  // image keeps its angle to the local north; within a degree of a pole, where that would turn it, to the
  // sky.
  Wcs with_offset(double dra, double ddec) const;
  // The part of the image inside `box`: pixel (box.x0, box.y0) becomes (0, 0).
  Wcs sub_image(const Box& box) const;

  int width() const { return width_; }
  int height() const { return height_; }

  SkyPosition pixel_to_sky(double x, double y) const;
  // Empty for positions 90 degrees or more from the tangent point, or so far outside the image that its
  // distortion cannot be inverted there.
  std::optional<PixelPosition> sky_to_pixel(double ra, double dec) const;
  // The determinant of the distortion's derivative at a pixel: 1 without one; zero or negative where it folds
  // the sky back, so that positions there have no pixel of their own.
  double area_stretch(double x, double y) const;

  // The constant linear part, from the header's CD (not the local derivative).
  const CdMatrix& cd() const { return cd_; }
  // 3600 sqrt|det CD|.
  double pixel_scale_arcsec() const;
  SkyPosition tangent_point() const { return crval_; }
  PixelPosition reference_pixel() const { return crpix_; }  // 0-based
  bool is_plain_tangent() const { return distortion_ == nullptr; }
  // The position of the middle of the image, pixel ((width-1)/2, (height-1)/2).
  SkyPosition center() const { return pixel_to_sky(middle().x, middle().y); }
  // The positions of the corner pixels' centres: (0,0), (W-1,0), (W-1,H-1), (0,H-1).
  std::array<SkyPosition, 4> corners() const;
  // Half the image's diagonal, degrees, from the constant pixel scale.
  double radius_degrees() const;
  // CTYPE, CRVAL, CRPIX (1-based), CD of a plain tangent projection, for output headers; LONPOLE for one at a
  // pole, where its default is another. Error (kInternal) of others.
  fits::Header to_header() const;

 private:
  void finish();  // derives the members below from CRVAL and CD
  void require_unfolded() const;
  PixelPosition middle() const { return {(width_ - 1) / 2.0, (height_ - 1) / 2.0}; }
  SkyPosition crval_;
  PixelPosition crpix_;
  CdMatrix cd_{}, inverse_cd_{};
  double sin_dec0_ = 0, cos_dec0_ = 1;
  int width_ = 0, height_ = 0;
  std::shared_ptr<const Distortion> distortion_;
};

}  // namespace brickline
