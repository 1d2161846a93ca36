// Where the light of a star is: the centroid in a Gaussian window that follows it.
//
//   x <- x + 2 sum w (I (x_i - x))/sum w I,   w = exp(-r^2/(2 sigma^2)) for r < 5 sigma,  sigma = FWHM/2.35
// (Bertin & Arnouts' windowed positions), at most 10 steps, until one is shorter than 1e-4 pixel. Neighbours and
// masked pixels are left in: a window is not a fit.
#pragma once

#include <optional>

#include "core/base/image.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct WindowedCentroid {
  double x = 0, y = 0;  // the last step's
  bool converged = false;
  bool edge = false;  // the window's box touches the image's edge
};

// From (x, y); the box of pixels is fixed there.
WindowedCentroid windowed_centroid(ImageView<const float> pixels, double x, double y, double sigma_pixels);

// The share of the window's weight at (x, y) that lies on pixels without weight, in the box of (x0, y0).
double masked_share_of_window(ImageView<const float> inverse_error, double x0, double y0, double x, double y,
                              double sigma_pixels);

// A star's centroid on an image and that of its model there, as offsets from where it was expected.
struct ForcedCentroid {
  float win_dra = 0, win_ddec = 0;  // arcsec of true angle
  bool win_converged = false, win_edge = false, win_satur = false;
  float win_fracmasked = 0;
  float winpsf_dra = 0, winpsf_ddec = 0;
  bool winpsf_converged = false;
};

}  // namespace brickline
