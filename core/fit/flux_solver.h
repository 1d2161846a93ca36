// Fluxes of many sources at once, everything else fixed: one exact linear solve per connected group of
// overlapping sources, and the statistics that tell how good the fit is.
//
//   minimize sum over images i and pixels of ((data_i - sum_s flux_s u_si - sky_i) inverse_error_i)^2
//
// All images of one call are of one band: a source has one flux. Fluxes may come out negative.
#pragma once

#include <span>
#include <vector>

#include "core/base/image.h"
#include "core/model/renderer.h"

namespace brickline {

// The unit-flux model of one source on one image (Renderer::patch).
struct UnitModel {
  int source = 0;  // 0 <= source < number of sources
  Patch patch;     // clipped to the image on use
};

struct FluxImage {
  ImageView<const float> data;  // what is not being solved for already subtracted
  ImageView<const float> inverse_error;
  std::span<const UnitModel> models;  // at most one per source
};

struct FluxOptions {
  bool fit_sky = false;  // one constant per image
  bool statistics = true;
  bool marginal = false;  // marginal_inverse_variance and overlaps
};

// Per source, summed over images. With p the unit model, c the flux (images where c = 0 or Z is empty do not
// count), B its box inside the image, Z the pixels of B with p != 0 and inverse_error > 0, chi the residual
// in sigmas, and mod the sum of all solved models:
struct FluxStatistics {
  double prochi2 = 0;    // sum_Z |p| chi^2                     (the catalog's rchisq)
  double pronpix = 0;    // sum_Z |p|
  double promasked = 0;  // sum_{B, masked} |p|                 (fracmasked)
  double npix = 0;       // |Z|
  double proflux = 0;    // sum_Z |mod - p c| |p|
  double profracflux =
      0;  // sum_i(sum_Z |mod/c - p| |p| / sum_Z p^2) / max(1, sum_i(sum_Z |p| / |c|))   (fracflux)
  double fracin = 0;  // sum_i(sum_B |p|) / max(1, images)
};

// How much the unit models of two sources have in common on all images: a correlation, of at least 1e-3.
struct FluxOverlap {
  int source = 0;
  double correlation = 0;
};

struct FluxResult {
  std::vector<double> flux;              // nanomaggies; sources that touch no unmasked pixel keep start_flux
  std::vector<double> inverse_variance;  // diagonal of the normal matrix (blending ignored); 0: not measured
  // Where asked for: what is left of inverse_variance with the fluxes of all others (and skies) free, 1/(G^-1)_ii of the
  // normal matrix G (core/fit/sparse_inverse.h); 0: not measured, or not told from others. And who overlaps whom.
  std::vector<double> marginal_inverse_variance;
  std::vector<std::vector<FluxOverlap>> overlaps;
  std::vector<FluxStatistics> statistics;
  std::vector<double> image_chi2;  // per image, all its pixels
  std::vector<double> image_npix;  // pixels with inverse_error > 0
  std::vector<double> image_sky;   // 0 unless fitted
  double chi2() const;
};

// `start_flux`: one per source; only sources that cannot be measured keep it. Numbers that are not finite
// count as masked.
FluxResult solve_fluxes(std::span<const FluxImage> images, std::span<const double> start_flux,
                        const FluxOptions& options = {});

}  // namespace brickline
