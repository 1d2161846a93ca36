// How well fluxes are known that were solved on tiles with positions and shapes that were fitted elsewhere.
//
// With u_s the sources' unit models on all tiles of a band, W the pixels' inverse variances, and G = U^T W U, the fluxes are
// f = G^-1 U^T W d. To first order
//   Var f_i = e_i (G^-1)_ii + sum_j J_ij C_j J_ij^T,    J_ij = -f_j sum_l (G^-1)_il <u_l, du_j/dtheta_j>_W,
// where C_j is the covariance of the position, shape and index theta_j of source j, and e_i by what factor residuals are
// larger than the pixels' errors (core/fit/excess_sums.h; tiles' errors know of the photons, so none are expected in
// residuals). (G^-1)_ii is of all sources (core/fit/sparse_inverse.h). In J_ij only those count that source j overlaps, the
// 100 that it overlaps most; a source whose C_j moves no flux by more than some twentieth of its error has none.
//
// Fluxes are not bounded: none is held at a limit, and the normal matrix is that of all of them. The errors are of single
// fluxes: those of sources that overlap err against each other, and their sum is better known than either.
#pragma once

#include <span>
#include <vector>

#include "core/wise/forced_fit.h"

namespace brickline {

// 1/Var f_i; 0: not measured, or not told from others. `models`: of each tile. `solved`: with fit.marginal_inverse_variance.
std::vector<double> marginal_flux_ivar(std::span<const FitTile> tiles, std::span<const SourceModel> sources,
                                       std::span<const double> central_flux, const FootprintRule& rule,
                                       std::span<const std::vector<float>> covariances,
                                       std::span<const std::vector<UnitModel>> models,
                                       const TileFluxes& solved);

}  // namespace brickline
