// Many sources on many images at once: all their positions, shapes, indices and fluxes by a damped Gauss-Newton
// method within bounds (Levenberg 1944, Marquardt 1963; fluxes, and skies if asked, solved for exactly at every
// trial: Golub & Pereyra 1973), and the errors that follow from the joint normal matrix.
//
//   ln P = -1/2 sum over images and pixels of ((data - sky - sum_s flux_s,band u_s(theta_s)) inverse_error)^2
//          -1/2 sum over galaxies of (ee1^2 + ee2^2)/prior_sigma^2
//          -1/2 sum over round galaxies of (ln re - mean)^2/sigma^2
//
// over the pixels that lie in some source's window. SourceFitter does the same for one source; see there for the
// parameters and their bounds. The normal matrix is dense: meant for some dozens of sources that overlap (of
// more, overlapping sub-groups are fitted in turn: core/blobs).
//
// Composite galaxies (COMP) are two sources here.
//
// Nothing throws for bad numbers: pixels that are not finite count as masked, a source that cannot be drawn stays as it
// is. The result depends on nothing but the arguments.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/fit/source_fitter.h"
#include "core/fit/uncertainties.h"

namespace brickline {

struct JointImage {
  ImageView<const float> data;           // nanomaggies per pixel, less all that is not fitted here
  ImageView<const float> inverse_error;  // 0: masked
  int band = 0;
  CdMatrix cd{};  // as FitImage::cd
  double mjd_tai = 0;
};

// How a source is seen in one image.
struct JointView {
  int image = 0;
  LocalLinearWcs local;            // sky to pixel near the source
  const PsfKernel* psf = nullptr;  // as it is at the source
  Box window;                      // pixels that the model is drawn on; inside the image
};

struct JointSource {
  SourceModel model;             // where it starts
  std::vector<JointView> views;  // in the order of the images, at most one per image
  bool move_position = true;     // sources with a motion never move
  bool move_shape = true;
  RadiusPrior round_radius_prior;  // of this source; not FitOptions's
  // It stands where the source before it stands and goes where that goes: the bulge of a composite galaxy after its disk.
  // Both start at one place.
  bool joined = false;
};

struct JointOptions {
  RenderOptions render;
  // Bounds, prior and steps; of position_box_arcsec 0 is unbounded. Callbacks and flags of what moves are not used.
  FitOptions fit;
  bool fit_sky = false;     // one constant per image, over the pixels that lie in some window
  double min_gain = 0.02;   // converged when a step gains less than this in ln P; what it gains is taken
  int max_iterations = 40;  // evaluations
  // What chi-squared must come to gain over no source at all: ended (kStalled) as soon as the quadratic forms say that it
  // will stay short of that. 0: not asked for.
  double least_improvement = 0;
  // Pairs of unit models whose correlation is below this on an image do not steer each other's shapes in a fit. Errors know
  // of all pairs.
  double least_correlation = 1e-3;
  // Asked for every source that a step would move; on false its position stays where it was from then on.
  std::function<bool(std::size_t source, double ra, double dec)> allowed;
};

struct JointResult {
  std::vector<SourceModel> models;
  std::vector<bool> measured;  // some unmasked pixel sees the source
  std::vector<bool>
      at_position_limit;  // it ended where the position's box does: its best place may be farther off
  FitStatus status = FitStatus::kNoData;
  double gain = 0;         // in ln P, over the start with its fluxes at their best
  double improvement = 0;  // of chi-squared over no source at all, less what the priors take
  int evaluations = 0;
  double work = 0;  // pixels drawn, of all models and of each of their derivatives; a whole number
};

JointResult fit_jointly(std::span<const JointSource> sources, std::span<const JointImage> images,
                        const JointOptions& options);

// Errors of a source that know of all other parameters, its own and the neighbours'.
struct JointErrors {
  InverseVariances inverse_variance;  // marginal; 0: not measured
  // Lower triangle by rows of the covariance of (RA cos(dec), Dec in degrees, re, e1, e2, Sersic index, flux per band);
  // rows and columns of parameters that do not exist, are fixed, or are not measured, are 0.
  std::vector<float> covariance;
  // Per band: 1 - (flux's variance if the neighbours were known exactly)/(its variance).
  std::vector<float> blendedness;
  std::optional<BulgeErrors> bulge;  // of a source that another one is joined to
  bool know_radius_prior = false;    // JointSource::round_radius_prior is in them
};
// Of the sources as they are; one of each place: what is joined to another source is its bulge, fluxes are then those of
// both together, shapes the first one's. With A the normal matrix (prior included), the covariance is A^-1, brought from the
// fit's parameters to the catalog's by its derivatives.
std::vector<JointErrors> joint_errors(std::span<const JointSource> sources,
                                      std::span<const JointImage> images, const JointOptions& options);

}  // namespace brickline
