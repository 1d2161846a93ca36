// One source on many images: its position, shape and profile fitted by Levenberg-Marquardt within bounds, its
// fluxes (and, if asked, one constant sky per image) solved for exactly at every trial (variable projection,
// Golub & Pereyra 1973).
//
//   ln P = -1/2 sum over images and pixels of ((data - sky - flux_band u(theta)) inverse_error)^2
//          -1/2 (ee1^2 + ee2^2)/prior_sigma^2
//          -1/2 (ln re - mean)^2/sigma^2 of a round galaxy, where RadiusPrior is given
//
// with u the unit-flux model on the image's mask box (zero outside it). Chi-squares are over whole images, so
// that values of different models with different masks compare. Parameters that are frozen do not move;
// bounds hold by an active set, so that a parameter at its bound does not stop the others.
//
// The fitter never throws for bad numbers: pixels or weights that are not finite (or weights < 0) count as
// masked, and what cannot be fitted says so in `status`. It keeps its working memory between calls: one per
// thread.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/image.h"
#include "core/model/psf_kernel.h"
#include "core/model/renderer.h"
#include "core/model/source_model.h"
#include "core/wcs/local_linear.h"

namespace brickline {

struct FitImage {
  ImageView<const float> data;           // nanomaggies per pixel; neighbours already subtracted
  ImageView<const float> inverse_error;  // 1/sigma; 0 = masked
  int band = 0;                          // index into SourceModel::flux
  CdMatrix cd{};                         // degrees per pixel, the header's constant one: for shapes
  LocalLinearWcs local;                  // sky to pixel near the source: local_linear(wcs, ra, dec, kLocal)
  double mjd_tai = 0;                    // for sources with a motion
  const PsfKernel* psf = nullptr;        // as it is at the source
  Box mask;  // pixels the model is drawn on; clipped to the image; empty: not used
};

// Of round galaxies: ln re in arcsec ~ N(log_re, sigma^2); sigma 0: any radius as well as any other.
struct RadiusPrior {
  double log_re = 0, sigma = 0;
};

struct FitOptions {
  RenderOptions render;

  // What moves. Fluxes always do.
  bool fit_position = true;  // sources with a motion never move
  bool fit_shape = true;     // radius, ellipticity and Sersic index
  bool fit_sky = false;      // one constant per image, over the whole image

  // Bounds. The upper bound of log_re is SourceModel::max_log_re if that is not 0, else the kind's.
  double min_log_re = -4.605170185988091;         // ln 0.01 arcsec
  double max_log_re_rex = 2.302585092994046;      // ln 10
  double max_log_re_galaxy = 3.4011973816621555;  // ln 30
  double min_sersic_index = 0.5, max_sersic_index = 6.0;
  // Greatest distance from the start along RA cos(dec) and along Dec, arcsec; 0: unbounded.
  double position_box_arcsec = 0;

  // Prior: ee1, ee2 ~ N(0, sigma^2); 0: none.
  double ellipticity_prior_sigma = 0.25;
  RadiusPrior round_radius_prior;

  // Greatest change of one iteration.
  double max_step_position_arcsec = 2;
  double max_step_log_re = 1;
  double max_step_ellipticity = 0.5;
  double max_step_sersic_index = 1;

  // Converged when a step gains less than this in ln P.
  double min_gain = 0.01;
  // Steps predicted to gain less than this are tried without derivatives.
  double small_gain = 0.1;
  int max_iterations = 100;
  // Ended (kStalled) as soon as the quadratic form says that chi-squared will stay above this.
  double hopeless_chi2 = std::numeric_limits<double>::infinity();

  // Images are measured by all threads that are free (TBB); the result does not depend on it. Worth it where
  // nothing else is left to do.
  bool images_in_parallel = false;

  // Asked before every iteration: Interrupted.
  Cancel cancel;

  // Asked at every point that would be accepted; on false the source stays where it was before and the fit
  // ends with kLeftRegion.
  std::function<bool(double ra, double dec)> allowed;
};

enum class FitStatus {
  kConverged,
  kMaxIterations,
  kLeftRegion,  // `allowed` said no; the result is the last allowed point
  kStalled,  // no step improves ln P any more although one was predicted to, or it is given up (hopeless_chi2)
  kNoData,   // no unmasked pixel of any image is touched by the model; model and ln P are the start's
  kBadInput,  // the start is not finite, or outside any legal range; the model is returned as it came
};
std::string_view status_name(FitStatus status);

struct FitResult {
  SourceModel model;  // at the optimum; bands without an image keep their flux
  FitStatus status = FitStatus::kNoData;
  double ln_prob = 0;  // ln_prior - chi2/2
  double ln_prior = 0;
  double chi2 = 0;                    // of all images, whole
  std::vector<double> chi2_per_band;  // as SourceModel::flux
  std::vector<double> sky;            // per image; empty unless fitted
  int steps = 0;                      // accepted
  int derivative_evaluations = 0, value_evaluations = 0;
  double work = 0;  // pixels drawn, of the model and of each of its derivatives; a whole number
  // The end is at a bound (within 0.01 of log_re's, 1e-3 of the index's).
  bool at_radius_limit = false, at_sersic_limit = false, at_position_limit = false;
  // The model is a fitted one, at an optimum as far as the numbers go.
  bool ok() const {
    return status == FitStatus::kConverged || status == FitStatus::kMaxIterations ||
           status == FitStatus::kStalled;
  }
};

class SourceFitter {
 public:
  explicit SourceFitter(FitOptions options = {});
  ~SourceFitter();
  SourceFitter(SourceFitter&&) noexcept;
  SourceFitter& operator=(SourceFitter&&) noexcept;

  FitOptions& options() { return options_; }
  const FitOptions& options() const { return options_; }

  // From `start` to the optimum. start.flux need not be near (fluxes are solved for) but must have one entry
  // per band of the run.
  FitResult fit(const SourceModel& start, std::span<const FitImage> images);
  // The same with only the fluxes (and skies) moving.
  FitResult fit_fluxes(const SourceModel& start, std::span<const FitImage> images);
  // ln P and chi-squares of the model as it is, fluxes included; nothing moves.
  FitResult evaluate(const SourceModel& model, std::span<const FitImage> images);

 private:
  struct Workspace;
  FitResult run(const SourceModel& start, std::span<const FitImage> images, bool move_position,
                bool move_shape, bool move_flux);
  FitOptions options_;
  std::unique_ptr<Workspace> workspace_;
};

}  // namespace brickline
