// From what the fit says of each source to the catalog's rows.
#pragma once

#include <span>
#include <vector>

#include "core/blobs/fitted_catalog.h"
#include "core/catalog/catalog_source.h"
#include "core/fits/table.h"
#include "core/pipeline/artifact.h"

namespace brickline {

// One row per fitted source, in the same order, then one per reference object that was set aside;
// measurements of the coadds are still empty.
std::vector<CatalogSource> catalog_rows(const FittedCatalog& fitted, const SourcesFound& sources,
                                        const ReferenceCatalog& references, std::size_t bands);

// What the reference catalogs say of the rows, in the columns of the table of references; zeros for rows that
// none of them knows.
fits::Table reference_columns(std::span<const CatalogSource> rows, const ReferenceCatalog& references);

}  // namespace brickline
