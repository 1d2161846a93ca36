// From what the fit says of each source to the catalog's rows.
#pragma once

#include <vector>

#include "core/blobs/fitted_catalog.h"
#include "core/catalog/catalog_source.h"
#include "core/pipeline/brick_state.h"

namespace brickline {

// One row per fitted source, in the same order, then one per reference object that was set aside;
// measurements of the coadds are still empty.
std::vector<CatalogSource> catalog_rows(const FittedCatalog& fitted, const SrcsState& srcs,
                                        const ReferenceCatalog& references, std::size_t bands);

}  // namespace brickline
