// The header card of catalogs that says which light profiles fluxes and shapes of their galaxies are of. Without it they are
// the reference pipeline's. It stands in the file's first header and in the table's own: what other programs copy may have
// only one of them.
#pragma once

#include <string_view>

#include "core/fits/header.h"
#include "core/model/galaxy_profiles.h"

namespace brickline {

inline constexpr const char* kProfilesCard = "GALPROF";

// None for the reference's.
void add_profiles_card(fits::Header& header, GalaxyProfiles profiles);
// Of a table with that header in a file with that first one (empty: it has none); the table's own card goes before. Error
// (kInput) if it says what this version does not know, or if neither has the card and the table has columns that joint fits
// alone write: fluxes of such galaxies would be read wrong by percents.
GalaxyProfiles profiles_of(const fits::Header& primary, const fits::Header& table);

// Error (kInput): this table's galaxies are of `own`, those of `other`, a name, are not. `why`: what is made of both.
void require_profiles(GalaxyProfiles own, GalaxyProfiles wanted, std::string_view other,
                      std::string_view why);

}  // namespace brickline
