// Which light profiles galaxies have.
#pragma once

namespace brickline {

enum class GalaxyProfiles {
  kReference,  // the reference pipeline's mixtures (core/model/mixture.h): they end a few effective radii out
  kSersic,     // whole Sersic (1963) profiles (core/model/sersic_gaussians.h): fluxes are all the light
};

}  // namespace brickline
