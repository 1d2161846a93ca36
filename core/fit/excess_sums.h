// How much larger than the errors of the pixels the residuals under a source are: by the photon noise of its own light,
// which weights may not know of, and by what no model is. Variances that weights alone tell of are too small by that.
#pragma once

#include "core/base/image.h"
#include "core/model/renderer.h"

namespace brickline {

// Sums over the images of one band. With p the source's pixels,
//   s = sum (residual/sigma)^2 (p/sigma)^2 / sum (p/sigma)^2,    N = (sum (p/sigma)^2)^2 / sum (p/sigma)^4,
// N being how many pixels that is worth. Noise alone makes of s - 1 a normal deviate of variance 2/N. Photon noise adds
//   t / (sigma in electrons),    t = sum |p/sigma|^3 / sum (p/sigma)^2,
// where sigma is some 25 electrons, and may be anything within factors of some: x = s - 1 is expected as exp(-x/(t/25)).
struct ExcessSums {
  double residual = 0, weight = 0, square = 0, cube = 0;

  // p: `flux` times the patch. `residual`: data less all models, less `level`, nanomaggies.
  void add(ImageView<const float> residual, ImageView<const float> inverse_error, const Patch& patch,
           double flux = 1, double level = 0);
  void add(const ExcessSums& other);
  // 1 plus the mean of x that both leave, or s - 2 sqrt(2/N) where that is more, so that what is too much for both counts
  // for every source; 1 where nothing was seen.
  double factor() const;
};

}  // namespace brickline
