// Whether a CCD's zero point is that of the catalog: the ratio of the fluxes of bright stars on this exposure to the
// catalog's, which stands for many exposures.
#pragma once

#include <cstdint>
#include <span>

#include "core/forced/forced_photometry.h"

namespace brickline {

struct ZeroPointOptions {
  double least_significance = 20;  // of a star's flux on this exposure, sigmas
  double most_fracflux = 0.1;      // and not much of other sources' light under it
  double scatter_floor = 0.01;     // mag: stars and their models are not known better
  int fewest_stars = 5;
  // A zero point is wrong where it is off by so many mag, and by so many times its error.
  double tolerance = 0.05, significance = 5;
};

struct ZeroPointCheck {
  int stars = 0;
  // Median of (magnitude here - magnitude in the catalog), and its error from the stars' own scatter; NaN where there
  // are too few stars. A zero point that is too small makes stars too bright: negative.
  float offset = 0, error = 0;
  bool wrong = false;
};

// Stars are the rows of point sources with a flux in the catalog, on unmasked pixels.
ZeroPointCheck check_zero_point(const ForcedResult& result, std::span<const ForcedSource> sources,
                                const ZeroPointOptions& options = {});

// Fluxes as they are with the zero point that the catalog stands for: times 10^(0.4 offset). Nothing where the check
// has no offset.
void correct_zero_point(ForcedResult& result, const ZeroPointCheck& check);
// And what goes with them: the noise, from which depths are, the scale of the sky, the pixels and the model.
void correct_zero_point(CcdImage& image, ForcedResult& result, const ZeroPointCheck& check);

}  // namespace brickline
