// Stacking the images of one band on the brick's grid, one image at a time.
//
// With w = inverse_error^2 and s = (pixel scale of the brick / of the image)^2, an image contributes its
// pixels times s (surface brightness is kept) with inverse variance w/s^2:
//   image   = sum(w im)/sum(w)        im: Lanczos-3, masked pixels patched first; w: nearest neighbour
//   invvar  = sum(w)
//   model, blobmodel: as image;       chi2 = sum(w (im - model)^2)
//   depth   = sum over unmasked pixels of (psfnorm/sig1)^2, galdepth the same with galnorm
//   psfsize = 2 sqrt(2 ln 2)/(2 sqrt(pi)) / sqrt(A),  A = sum(sig1^-2 psfnorm^2/scale^2)/sum(sig1^-2), over
//   all
//             covering images, masked or not
// Where no image has weight, image and models are the plain means of the pixels that are neither saturated
// nor interpolated; saturated pixels count as a constant in these and in chi2.
//
// Sums are kept in single precision in the order of add(); each pixel belongs to one row and each row to one
// thread, so that results do not depend on the number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/facts/mask_bits.h"
#include "core/image/ccd_image.h"
#include "core/resample/pixel_mapping.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct CoaddOptions {
  bool lanczos = true;             // false: nearest neighbours for pixels too
  bool surface_brightness = true;  // false: s = 1 (for measuring the sky)
  bool depth_maps = true;          // depth, galdepth, psfsize
  float saturated_value = 10;      // nanomaggies; the reference pipeline's constant
  // A pixel with any other bit stays out of the unweighted mean.
  std::uint16_t unweighted_allowed = mask_bit::kSatur | mask_bit::kInterp;
};

// What one band's stack has become. Maps are of the brick's size; those that were not asked for are empty.
struct BandCoadd {
  std::string band;
  Image<float> image, invvar;            // nanomaggies, nanomaggies^-2
  Image<float> model, blobmodel, chi2;   // with models only
  Image<float> residual, blob_residual;  // image - model where there is weight, else 0
  Image<float> depth, galdepth;          // nanomaggies^-2
  Image<float> psfsize;                  // arcsec, 0 where nothing covers
  Image<std::int16_t> nexp;              // images with weight
  Image<std::int16_t> nobs;              // images that cover the pixel
  Image<std::int16_t> anymask, allmask;  // OR and AND of the images' masks
  int images = 0;                        // that were added and overlap the brick
};

// The models of one image on its own pixels, nanomaggies per pixel.
struct ModelImages;

// First and last observation of given brick pixels, over all bands.
class ObservationTimes {
 public:
  struct Pixel {
    int x = 0, y = 0;
  };
  struct Range {
    double first = 0, last = 0;  // MJD, TAI; 0: not covered
  };
  ObservationTimes() = default;
  ObservationTimes(std::vector<Pixel> pixels, int brick_width, int brick_height);

  const std::vector<Range>& ranges() const { return ranges_; }
  // An image of that time covers a row of the brick.
  void note(const PixelMapping::Row& row, int y, double mjd_tai);

 private:
  std::vector<Pixel> pixels_;
  std::vector<std::vector<int>> by_row_;  // indices of pixels
  std::vector<Range> ranges_;
};

class BandCoadder {
 public:
  BandCoadder(const Wcs& target, std::string band, bool with_models, const CoaddOptions& options = {});

  // Adds one image; false if it does not touch the brick. `models` are needed iff with_models. `times`, if
  // given, learns the image's time at its pixels.
  bool add(const CcdImage& image, const ModelImages* models = nullptr, ObservationTimes* times = nullptr);

  // The results; the coadder is spent.
  BandCoadd finish();

 private:
  struct Contribution;
  using Resampled = std::array<std::vector<float>, 3>;  // a row of the image, its model and its blob model
  void resample(const Contribution& from, const PixelMapping::Row& row, int begin, int end,
                Resampled& values) const;
  void add_pixels(const Contribution& from, const Resampled& values, const PixelMapping::Row& row, int y,
                  int begin, int end);

  Wcs target_;
  CoaddOptions options_;
  bool with_models_;
  BandCoadd sums_;
  Image<float> unweighted_, unweighted_model_, unweighted_blobmodel_, flat_weight_;
  Image<std::int16_t> unweighted_count_;
};

}  // namespace brickline
