// The sky level of a CCD from its own pixels: a spline through the medians of boxes, with everything masked
// that is known or seen not to be sky. The recipe is that of the Legacy Surveys' calibrations.
//
//   1. estimates of a constant level from the good pixels, `excluded` ones left out where enough remain;
//   2. what stands out by 3 sigma in boxes of 5 pixels against a first spline is masked;
//   3. the level again without that, and the spline of the rest: the median of what remains in each box
//      (core/calib/sky_grid.h), as a difference from that level, so that a box without data holds the level.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/image.h"
#include "core/calib/sky_estimates.h"
#include "core/sky/sky_model.h"

namespace brickline {

struct SkyFitOptions {
  double box_pixels = 1024;        // see sky_box
  double min_fraction = 0.25;      // of a box's pixels, more of which must be good
  double min_good_fraction = 0.1;  // of the image: with less left by `excluded`, it does not count for the
                                   // estimates
  bool detect_sources = true;      // step 2
  bool constant = false;           // no spline: one level
  bool jump = false;               // the two halves of the CCD differ by a constant
  int jump_columns = 100;          // on either side of the middle, whose medians tell the jump
  std::int64_t min_pixels = 100;   // of a half for a level of its own
  SkyEstimateOptions estimates;
};

struct SkyFitInput {
  ImageView<const float> pixels;                // native units, finite
  ImageView<const float> inverse_error;         // 1/sigma; 0: bad
  ImageView<const std::uint8_t> excluded = {};  // not 0: not sky, by what is known of it; empty: none
};

struct SkyFit {
  enum class Kind { kConstant, kConstantJump, kSpline, kSplineJump };
  Kind kind = Kind::kConstant;
  std::vector<int> x, y;                   // of splines: nodes, pixels of the input
  std::vector<float> values;               // at the nodes, row by row as y
  double level = 0;                        // of constants (left of a jump)
  int x_break = 0;                         // of jumps: from this column on ...
  double jump = 0;                         // ... the level is higher by so much
  SkyModel model = SkyModel::constant(0);  // all that, for input pixels

  SkyEstimates estimates;                // the last made; `background` after step 3
  double fraction_masked = 0;            // of all pixels, in the end
  std::array<double, 11> percentiles{};  // 0, 10 ... 100 of (pixels - model) where good; 0 without any
  Image<std::uint8_t> good;              // what the final model was made of
};

// Error (kInput): no pixel has weight; the level is not a finite number; an image too small for a spline.
SkyFit fit_sky(const SkyFitInput& input, const SkyFitOptions& options);

}  // namespace brickline
