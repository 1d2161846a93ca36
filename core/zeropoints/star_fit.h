// A star's place and flux on an image: a point source fitted to the pixels around where a catalog has it.
//
// On the 2R+1 pixels squared around the star, with weights 1/sigma^2 and no sky (it is subtracted):
//   chi^2 = sum ((data - f P(x, y)) / sigma)^2
// P is the PSF at the catalog's place, of sum 1, moved to (x, y) by Lanczos-3 (core/model/lanczos.h), its derivatives
// those of the filter. The best x, y and f are found by Gauss-Newton; steps are halved until they help. The errors are
// those of each parameter by itself (the inverse of the normal matrix's diagonal), as the Legacy Surveys' tables have
// them.
#pragma once

#include <string_view>

#include "core/base/image.h"
#include "core/psf/psf.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct StarFitOptions {
  int stamp_radius = 30;     // R
  int most_steps = 50;
  double least_gain = 1e-5;  // of chi^2; a smaller one ends the fit
  double longest_step = 2;   // pixels
};

enum class StarFitEnd {
  kFitted,
  kOffImage,  // the stamp is not on the image as a whole
  kMasked,    // no pixel of it has weight, or none where the star is
  kNoPlace,   // the normal matrix is singular
};
std::string_view name_of(StarFitEnd end);

struct StarFit {
  StarFitEnd end = StarFitEnd::kNoPlace;
  double x = 0, y = 0;                // pixels of the image
  double flux = 0;                    // units of the image
  double dx = 0, dy = 0, dflux = 0;   // standard deviations
  double chi2 = 0;                    // mean of ((data - model)/sigma)^2, weighted by the model
  double fraction_masked = 0;         // of the model's light, on pixels without weight
  Box stamp;
  bool fitted() const { return end == StarFitEnd::kFitted; }
};

// `at`: where the catalog has the star.
StarFit fit_star(ImageView<const float> data, ImageView<const float> inverse_error, const Psf& psf, PixelPosition at,
                 const StarFitOptions& options = {});

}  // namespace brickline
