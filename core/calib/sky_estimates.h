// Single numbers for the sky level of an image, in its own units, and which of its pixels are not sky.
//
// The estimators are those of the Legacy Surveys' calibration (and of Blanton et al. 2011 before it): the
// mode of the histogram, the median, the median of what 2-sigma clipping leaves, and that of what is left when
// everything that stands out of the background on the scale of 5 pixels is masked, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/image.h"
#include "core/calib/sorted_values.h"

namespace brickline {

struct SkyEstimateOptions {
  double clip_sigma = 2;
  int box = 5;                   // pixels on a side of the mean that detects sources
  double detection_sigma = 3;    // of that mean
  int dilations = 3;             // by the pixel's four neighbours
  std::size_t min_pixels = 100;  // more than these must be left, or the estimate is not made
};

struct SkyEstimates {
  double sig1 = 0;        // 1/sqrt(median weight) of the good pixels
  double mode = 0;        // of the histogram's peak; 0 where there is none
  double median = 0;      // of the good pixels
  double clipped = 0;     // median after clipping
  double background = 0;  // the same without sources ("john"); else `clipped`
};

// The mode of a distribution that is a peak with a tail to high values: 30 bins over its 1st to 70th
// percentile find the peak, a parabola through the logarithm of 29 finer bins of the peak's part finds its
// top. 0 where that is no number.
double mode(const SortedValues& values);

// Values of the pixels where `good` is not 0.
std::vector<float> chosen(ImageView<const float> pixels, ImageView<const std::uint8_t> good);
std::int64_t count(ImageView<const std::uint8_t> flags);

// Where the mean of a box x box square around a pixel (zero outside the image) differs from `level` by more
// than detection_sigma times what the noise sig1 explains; grown by `dilations`.
Image<std::uint8_t> stands_out(ImageView<const float> pixels, double level, double sig1,
                               const SkyEstimateOptions& options);

// `inverse_error`: 1/sigma; used where good, which must be somewhere.
SkyEstimates sky_estimates(ImageView<const float> pixels, ImageView<const float> inverse_error,
                           ImageView<const std::uint8_t> good, const SkyEstimateOptions& options = {});

}  // namespace brickline
