// Artefacts that one exposure shows and the others do not: satellite trails, cosmic rays, ghosts, asteroids.
//
// All exposures of a band are smoothed to one seeing, resampled to the brick and compared, each with the
// weighted mean of the others. With B_i the image smoothed by a Gaussian of s_i pixels, s_i^2 = t^2 - psf_i^2
// with t a little more than the worst seeing, its weight is
//   w_i = inverse variance of the nearest pixel / b_i^2,   b_i = 1/(2 sqrt(pi) s_i)
// (b^2 is the sum of the squares of the Gaussian's weights), the others' mean and weight are
//   ow = sum(w) - w_i,   o = (sum(w B) - w_i B_i)/ow
// and a pixel is hot if, outside the veto map,
//   (B_i - o)/sqrt(1/w_i + 1/ow) > 5   and   (B_i - o)/max(o, sig) > 2,   sig = 1/sqrt(median of w_i > 0);
// cold with both signs turned. Hot and cold pixels then grow into fainter neighbours. A single exposure has
// no others and nothing is ever found in it. This is the reference pipeline's procedure, constants included.
//
// Frames: "brick" is the brick's pixel grid, masks are on the images' own. Results do not depend on the
// number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/base/image.h"
#include "core/base/pixel_file.h"
#include "core/image/ccd_image.h"
#include "core/image/pixel_patch.h"
#include "core/wcs/wcs.h"

namespace brickline {

// Values of an outlier mask.
inline constexpr std::uint8_t kOutlierPositive = 1, kOutlierNegative = 2;

// Defaults are the reference pipeline's.
struct OutlierOptions {
  double extra_sigma = 0.5;       // pixels: the common seeing less the worst of the band
  int images_to_clip = 5;         // from so many on, a pixel's least and greatest are left out of the mean
  double star_radius_arcsec = 1;  // around reference stars nothing is masked
  int bleed_growth = 3;           // pixels that the veto grows around bleed trails ...
  int saturation_growth = 10;     // ... and around saturated pixels
  float significance = 5;         // of a hot pixel
  float relative_excess = 2;      // over the others' mean, or over the noise where that is greater
  float first_growth_level = 3;   // significance of the pixels that the mask grows into first ...
  float second_growth_level = 2;  // ... and then
  int growth_reach = 5;           // pixels, of each of the two steps
  std::array<int, 3> dilation{1, 1, 3};  // before, between and after them
  // The reference takes an exposure's contribution out of the clipped mean even where clipping has taken it
  // out already. False: only once.
  bool subtract_clipped_again = true;
};

// The pixels (1) around reference stars in which nothing is masked. `stars`: 0-based brick pixels.
//
// The radius is that of the reference: its squared distance is compared with the radius in pixels, so that
// the disc is one of sqrt(radius), 1.95 pixels for 1" and pixels of 0.262".
Image<std::uint8_t> star_veto(std::span<const std::array<double, 2>> stars, int brick_width, int brick_height,
                              double pixel_scale_arcsec, const OutlierOptions& options = {});

// For every masked pixel (inverse error 0) that lies in the brick the coadd's value at the nearest brick pixel,
// where that is another than its own, so that smoothing, which knows no weights, meets no wild values. Weights and
// masks stay.
PixelPatch patch_from_coadd(const CcdImage& image, const Wcs& brick, ImageView<const float> coadd);

struct ImageOutliers {
  double blur_sigma = 0;                    // pixels of the image
  Image<std::uint8_t> mask;                 // of the image's size
  std::int64_t positive = 0, negative = 0;  // pixels
};
struct BandOutliers {
  std::vector<ImageOutliers> images;  // in the order of the input
  std::int64_t veto_pixels = 0;       // of the brick
};

// Where pixels come from and go to, for bricks of many exposures, which need not all be in memory twice.
struct ExposurePixels {
  // What is smoothed of image i, in place of its data; asked for once, from several threads.
  std::function<Image<float>(std::size_t i)> data;
  PixelFile* file = nullptr;  // for the smoothed images; without it they stay in memory
};

// The outliers of all exposures of one band. `stars`: star_veto's map. Images are not changed.
BandOutliers find_band_outliers(std::span<const CcdImage* const> images, const Wcs& brick,
                                ImageView<const std::uint8_t> stars, const OutlierOptions& options = {},
                                const ExposurePixels& pixels = {});

// Takes masked pixels (bits kOutlierPositive, kOutlierNegative) out of the image: inverse error 0, mask bit
// kOutlier. Data stay. The mask has the image's size. Returns the number of masked pixels.
std::int64_t apply_outlier_mask(CcdImage& image, ImageView<const std::uint8_t> mask);

// What was masked, seen on the brick: the mean over the images that mask a pixel, 0 where none does.
struct MaskedPixels {
  Image<float> positive, negative;  // nanomaggies per pixel of the images
};
class MaskedPixelsMean {
 public:
  explicit MaskedPixelsMean(const Wcs& brick);  // which it refers to
  // `mask`: of the image's size. The order of the images is that of the sums.
  void add(const CcdImage& image, ImageView<const std::uint8_t> mask);
  MaskedPixels finish() &&;

 private:
  const Wcs& brick_;
  MaskedPixels sums_;
  Image<std::uint16_t> positive_images_, negative_images_;
};

}  // namespace brickline
