// The header card of catalogs that says which light profiles fluxes and shapes of their galaxies are of. Without it they are
// the reference pipeline's.
#pragma once

#include "core/fits/header.h"
#include "core/model/galaxy_profiles.h"

namespace brickline {

inline constexpr const char* kProfilesCard = "GALPROF";

// None for the reference's.
void add_profiles_card(fits::Header& header, GalaxyProfiles profiles);
// Error (kInput) if it says what this version does not know.
GalaxyProfiles profiles_of(const fits::Header& header);

}  // namespace brickline
