// From what the fit says of each source to the catalog's rows.
#pragma once

#include <vector>

#include "core/blobs/fitted_catalog.h"
#include "core/catalog/catalog_source.h"

namespace brickline {

// One row per fitted source, in the same order; measurements of the coadds are still empty.
std::vector<CatalogSource> catalog_rows(const FittedCatalog& fitted, std::size_t bands);

}  // namespace brickline
