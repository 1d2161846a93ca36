// A star's place and flux on an image: a point source fitted to the pixels around where a catalog has it.
//
// On the 2R+1 pixels squared around the star, with weights 1/sigma^2 and no sky (it is subtracted):
//   chi^2 = sum ((data - f P(x, y)) / sigma)^2
// P is the PSF at the catalog's place, of sum 1, moved to (x, y) exactly, by a phase of its transform, or as the Legacy
// Surveys did by Lanczos-3, which displaces stars by up to 0.02 pixel (core/model/renderer.h). The best x, y and f are found
// by Gauss-Newton; steps are halved until they help. The errors are those of each parameter by itself (the inverse of the
// normal matrix's diagonal), as the Legacy Surveys' tables have them.
//
// They are what the weights say, and many images' weights know of the sky's photons and not of the star's own, nor of
// errors of the PSF. flux_error, x_error and y_error are what the residuals r say: with the variance of each pixel replaced
// by its r^2 (White 1980, Econometrica 48, 817),
//   flux_error^2 = sum w^2 P^2 r^2 / (1 - h) / (sum w P^2)^2,  w = 1/sigma^2
// where h is the part of a pixel's error that the three parameters follow (its leverage; MacKinnon & White 1985, J.
// Econometrics 29, 305); never less than dflux. Those of the place likewise, with f dP/dx and f dP/dy for P.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/image.h"
#include "core/model/renderer.h"
#include "core/psf/psf.h"
#include "core/wcs/wcs.h"

namespace brickline {

struct StarFitOptions {
  int stamp_radius = 30;  // R
  int most_steps = 50;
  double least_gain = 1e-5;  // of chi^2; a smaller one ends the fit
  double longest_step = 2;   // pixels
  PsfShift shift = PsfShift::kFourier;
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
  double x = 0, y = 0;                              // pixels of the image
  double flux = 0;                                  // units of the image
  double dx = 0, dy = 0, dflux = 0;                 // standard deviations
  double flux_error = 0, x_error = 0, y_error = 0;  // as the residuals scatter: see above
  double chi2 = 0;                                  // mean of ((data - model)/sigma)^2, weighted by the model
  double fraction_masked = 0;                       // of the model's light, on pixels without weight
  Box stamp;
  bool fitted() const { return end == StarFitEnd::kFitted; }
};

// `at`: where the catalog has the star; `start`: where the fit begins, there if it is empty.
StarFit fit_star(ImageView<const float> data, ImageView<const float> inverse_error, const Psf& psf,
                 PixelPosition at, const StarFitOptions& options = {},
                 std::optional<PixelPosition> start = {});

// How much fainter a fit with PSFs moved by Lanczos-3 finds stars that look like the PSF moved exactly: the mean over places
// within a pixel, with equal weights; magnitudes.
double magnitude_lost_by_lanczos(const Psf& psf, PixelPosition at);

// Many stars at once: the place and flux of each is at its best while all others stand as they are (exact at the end: no
// step of any of them gains). They are fitted one after the other, the brightest first, on what the others leave, in turns
// until none moves.
struct JointFitOptions {
  StarFitOptions star;
  int most_turns = 20;
  double still = 0.02;  // of its own errors: a star that moves and brightens less stands still
};
// `brightness`: of each, anything that grows with it.
std::vector<StarFit> fit_stars_together(ImageView<const float> data, ImageView<const float> inverse_error,
                                        const Psf& psf, std::span<const PixelPosition> at,
                                        std::span<const double> brightness,
                                        const JointFitOptions& options = {});

}  // namespace brickline
