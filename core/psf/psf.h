// The point-spread function of one image: an effective PSF (pixel integration included) on the image's own
// pixel grid, whose pixels are polynomials of the position (PSFEx's form, Bertin 2011).
//
//   PSF(x, y) = sum over j+k <= d of  dx^j dy^k plane[j + (d+1)k - k(k-1)/2],   dx = (x - x_zero)/x_scale
//
// x, y: 0-based pixels of the image it belongs to (a sub-image's origin is already in x_zero). Stamps hold
// the response to a unit point source centred exactly on pixel (width/2, height/2) (integer division; sizes
// are odd).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/base/image.h"

namespace brickline {

// What a PSF is held to, whoever it comes from: `sampling` within 0.1 to 2 image pixels, a full width at half
// maximum within 0.5 to 100 pixels, finite planes, and light in the first of them. What is wrong, as the end
// of a sentence ("it has ..."); empty if nothing is.
std::string psf_fault(std::span<const Image<float>> planes, double sampling, double fwhm_pixels);

class Psf {
 public:
  struct Polynomial {
    int degree = 0;
    double x_zero = 0, y_zero = 0, x_scale = 1, y_scale = 1;
  };

  Psf() = default;
  // `planes`: (degree+1)(degree+2)/2 images of one odd size. fwhm in pixels. `sampling`: PSF pixel size in
  // image pixels; other than 1 (0 means 1), stamps are resampled to the image's grid on evaluation.
  Psf(std::vector<Image<float>> planes, Polynomial polynomial, double fwhm_pixels, bool normalize = true,
      double sampling = 1);

  int width() const;  // of the stamps it gives, pixels
  int height() const;
  double fwhm_pixels() const { return fwhm_; }
  // Width of the circular Gaussian that stands for the PSF where a mixture is needed: fwhm/2.35 pixels.
  double gaussian_sigma_pixels() const { return fwhm_ / 2.35; }
  // hypot(width, height)/2, pixels.
  double radius_pixels() const;
  bool is_constant() const { return polynomial_.degree == 0; }
  // The stamp at (x, y); divided by its sum (if that is not 0) when normalizing.
  Image<float> stamp(double x, double y) const;
  // The sum of the stamp at (x, y) before normalization.
  double raw_sum(double x, double y) const;
  // The PSF of the sub-image whose pixel (0,0) is this image's (x0, y0).
  Psf shifted(double x0, double y0) const;
  // A position-independent PSF with the stamp at (x, y).
  Psf constant_at(double x, double y) const;

 private:
  Image<float> raw_stamp(double x, double y) const;
  std::vector<Image<float>> planes_;
  Polynomial polynomial_;
  double fwhm_ = 0, sampling_ = 1;
  bool normalize_ = true;
};

}  // namespace brickline
