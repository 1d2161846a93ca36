// How much of a galaxy's light its model holds.
//
// The profiles that are fitted (core/model/mixture.h) end a few effective radii out: their fluxes are short of a Sersic
// (1963) profile's by what lies beyond. The share that they hold was found by fitting them to whole Sersic profiles of 0.6
// arcsec seen with a PSF of 1.3 arcsec FWHM; it is good to 0.3 % from 0.3 to 2.4 arcsec for n <= 1, and to 0.8 % for n <= 6.
#pragma once

#include "core/model/source_model.h"

namespace brickline {

// 1 for a point source. `sersic_index`: of kSer. Not of COMP (Error kInternal), whose components have shares of their own.
double light_share(SourceKind kind, double sersic_index);

// Of the disk and the bulge of a composite galaxy, whose wings take light of each other: found by fitting whole ones, disks of
// 1.2 to 2.5 arcsec with bulges of 0.15 to 0.45 of that; total fluxes are good to 0.5 %.
inline constexpr double kDiskLightShare = 0.984, kBulgeLightShare = 0.969;

// Of a composite galaxy, from the bulge's fraction of all its light: the share that its model holds, and the bulge's
// fraction of the light in the model; and back from that.
double composite_light_share(double fracdev);
double bulge_fraction_of_model(double fracdev);
double bulge_fraction_of_light(double fraction_of_model);

}  // namespace brickline
