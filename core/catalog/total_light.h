// All of a galaxy's light from what its model holds of it.
#pragma once

#include "core/catalog/catalog_source.h"

namespace brickline {

// core/model/light_share.h, by the catalog's types; 1 of a source without a profile. Of a row whose fluxes are of the
// whole profile; of a composite galaxy in all bands together.
double light_share(CatalogType type, double sersic_index);
double light_share(const CatalogSource& row);

// Fluxes of all bands and telescopes, their errors and covariances, of the whole profile instead of the model's.
void to_total_light(CatalogSource& row);

}  // namespace brickline
