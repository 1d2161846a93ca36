// How much of a galaxy's light the reference pipeline's models hold.
//
// Its profiles (core/model/mixture.h) end a few effective radii out: their fluxes are short of a whole Sersic (1963)
// profile's (core/model/sersic_gaussians.h) by what lies beyond. The share that they hold was found by fitting them to whole
// profiles of 0.6 arcsec seen with a PSF of 1.3 arcsec FWHM; it is good to 0.3 % from 0.3 to 2.4 arcsec for n <= 1, and to
// 0.8 % for n <= 6. For fluxes of catalogs that one way was used for, where the other is used.
#pragma once

#include "core/model/galaxy_profiles.h"
#include "core/model/source_model.h"

namespace brickline {

// 1 for a point source. `sersic_index`: of kSer. Not of COMP (Error kInternal), which the reference does not have.
double reference_light_share(SourceKind kind, double sersic_index);

// Fluxes of a model of profiles `from` become those of the same galaxy with profiles `to`.
void convert_fluxes(SourceModel& model, GalaxyProfiles from, GalaxyProfiles to);

}  // namespace brickline
