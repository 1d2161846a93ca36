// How well the pixels determine each parameter by itself: the diagonal of the Fisher matrix,
//   ivar_j = sum over images and pixels of (d model / d theta_j * inverse_error)^2,
// at given parameters, not marginalized over the others.
#pragma once

#include <span>
#include <vector>

#include "core/fit/source_fitter.h"

namespace brickline {

// Shapes in the catalog's form (re in arcsec, e1, e2). All 0 where nothing constrains a parameter.
struct InverseVariances {
  double ra = 0, dec = 0;    // degrees^-2, of RA cos(dec) and Dec
  std::vector<double> flux;  // nanomaggies^-2 per band
  double re = 0, e1 = 0, e2 = 0, sersic_index = 0;
};

// Of the bulge of a composite galaxy, marginal: inverse variances of its shape, the variance of its flux per band and
// the covariance of that with the galaxy's flux; 0: not measured.
struct BulgeErrors {
  double re = 0, e1 = 0, e2 = 0;
  std::vector<double> flux_variance, covariance_with_flux;
};

enum class DerivativeKind {
  // The differences that the reference pipeline's catalogs are made with: central pixel differences for the
  // position of galaxies, a step of 1e-4 degree for the position of point sources without masks (0.85 to 0.97 of
  // the true value), +0.01 for re, e1, e2 and +0.001 for the index.
  kReference,
  // Derivatives proper, of the model with the exact shift (that of the Lanczos shift changes by a quarter within a
  // pixel).
  kExact,
};

struct UncertaintyOptions {
  RenderOptions render;
  DerivativeKind derivatives = DerivativeKind::kReference;
  double max_sersic_index = 6.0;  // above it the index's step goes down
};

// Masks of the images count where they are not empty; an empty mask means model_extent(). Images without any
// overlap contribute nothing. COMP is not for it (Error kInternal): joint_errors().
InverseVariances inverse_variances(const SourceModel& model, std::span<const FitImage> images,
                                   const UncertaintyOptions& options = {});

}  // namespace brickline
