// What is not known of a source's place and light because it is not known which model it has. Private to this room.
//
// With w_k the weights of the models that were tried, f_k their positions and fluxes and C_k the covariances of these, model
// k's alone, the covariance about the values f of the model that is chosen is (Bayesian model averaging: Hoeting et al. 1999,
// Statistical Science 14, 382, with the chosen model's values in the place of the mean)
//   sum_k w_k (C_k + (f_k - f)(f_k - f)^T).
// C of the chosen one knows of the neighbours too; what the others add to it is C_k - C as each is by itself, in the rows and
// columns of what they know less of: a model with a parameter more is not surer.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>

#include "core/blobs/blob_fitter.h"
#include "core/blobs/source_record.h"
#include "core/fit/joint_fitter.h"

namespace brickline {

// Of JointErrors::covariance: parameters before the fluxes, and where a row and column is.
inline constexpr std::size_t kBeforeFluxes = 6;
constexpr std::size_t covariance_place(std::size_t row, std::size_t column) {
  return row * (row + 1) / 2 + column;
}

// In dchisq order, of sum 1; 0: not tried, or no model that counts.
using ModelWeights = std::array<double, kModelKinds>;

// exp(-1/2 (chi-squared with its penalty)) of each. Where residuals are larger than the pixels' errors, chi-squared counts
// less by `excess`. `occam`: 2 ln of Occam's factors of galaxies (model_evidence.h); where these take more off the simplest
// one's than the penalties do, they count instead, as where the kind is chosen. Models that no galaxy is chosen for count as
// little here. All 0 where no model was chosen.
ModelWeights model_weights(const SourceRecord& record, const BlobFitOptions& options, double excess,
                           const ModelImprovements& occam = {});

// `of_model`: the errors of model k (in dchisq order) by itself, asked for only where they matter.
void add_model_spread(const SourceRecord& record, const ModelWeights& weights,
                      const std::function<std::optional<JointErrors>(int)>& of_model, JointErrors& errors);

}  // namespace brickline
