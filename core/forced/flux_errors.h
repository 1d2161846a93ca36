// How well fluxes are known that were solved on images with positions and shapes that were fitted elsewhere.
//
// With u_s the sources' unit models, W the pixels' inverse variances, and G = U^T W U, the fluxes are f = G^-1 U^T W d. To
// first order
//   Var f_i = e_i (G^-1)_ii + sum_j J_ij C_j J_ij^T,    J_ij = -f_j sum_l (G^-1)_il <u_l, du_j/dtheta_j>_W,
// where C_j is the covariance of the position, shape and index theta_j of source j, and e_i by what factor residuals are
// larger than the pixels' errors (core/fit/excess_sums.h). Of G only the source and those that it overlaps count. That the
// model may be another one is not in C; of it the bands tell, whose fluxes err together: at least common_flux_variance() f_i^2
// stands for the sum.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "core/fit/excess_sums.h"
#include "core/fit/flux_solver.h"
#include "core/forced/forced_source.h"
#include "core/forced/unit_models.h"
#include "core/image/ccd_image.h"

namespace brickline {

// What an image says of one flux.
struct FluxErrors {
  struct By {
    std::size_t source = 0;                                  // in the list given
    std::array<double, ForcedSource::kFitted> derivative{};  // by its parameters
  };
  double flux = 0;
  // Of the pixels' noise, the fluxes of all others being free; 0: not measured, or not told from others.
  double variance = 0;
  ExcessSums excess;
  std::vector<By> by;  // of the source itself and of those that it overlaps, where they have a covariance
};

// Of fluxes that were fitted in several bands: the variance that they have in common, relative to the fluxes squared. Noise of
// pixels is not in it, being each band's own: of the pairs of bands it is sum f_a f_b Cov(f_a, f_b) / sum (f_a f_b)^2, where
// both are significant. `covariance`: FittedSource::covariance. 0 to 1; 0 of a single band.
double common_flux_variance(std::span<const float> covariance, std::span<const float> flux);

// A source as it was solved on an image.
struct SolvedSource {
  const ForcedSource* source = nullptr;
  SourceModel model;  // at the time of the exposure
  PixelPosition at;   // pixels of the image
  double flux = 0;
  const Patch* unit = nullptr;  // null: nothing of it is on the image
};
// One for each of the sources.
std::vector<FluxErrors> flux_errors(const CcdImage& image, ImageView<const float> residual,
                                    std::span<const SolvedSource> sources, UnitModels& models);

// Of averages over images, sum w f / sum w.
class AveragedFluxErrors {
 public:
  explicit AveragedFluxErrors(std::size_t sources) : sums_(sources) {}
  // `by_source`: in the list that `errors` was made with, each one's place among all sources.
  void add(std::size_t source, double weight, const FluxErrors& errors,
           std::span<const std::size_t> by_source);
  // Inverse variance; 0 where nothing was measured.
  double inverse_variance(std::size_t source, std::span<const ForcedSource> all) const;

 private:
  struct Sums {
    double weight = 0, flux = 0, variance = 0;
    ExcessSums excess;
    std::vector<FluxErrors::By> by;
  };
  std::vector<Sums> sums_;
};

}  // namespace brickline
