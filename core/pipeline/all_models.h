// The all-models file: every model that was tried for every source, chosen or not.
//
// One row per row of the catalog, in its order. Columns, names and types are those of the published files:
// what is known of the fit, the chosen type, then for each of psf, rex, dev, exp and ser its parameters,
// inverse variances (on the pixels that the model was chosen on), limits met and the number of steps (-1: not
// tried). A model that was not tried, or did not stay in its blob, is 0 throughout. The columns of times
// (cpu_*, *_cpu) are 0: products hold no clock.
#pragma once

#include <span>
#include <vector>

#include "core/blobs/fitted_catalog.h"
#include "core/catalog/catalog.h"
#include "core/catalog/catalog_source.h"
#include "core/fits/table.h"

namespace brickline {

// `rows` are numbered (order_rows); `fitted[i]`: what row i was fitted as, null if it was not.
fits::Table all_models_table(const std::vector<CatalogSource>& rows,
                             std::span<const FittedSource* const> fitted, const CatalogContext& context);

// What became of every blob: its number in the catalog (-1: no source of it is left there) and part (-1: the
// whole blob), place and size, sources before and after, status and, where something went wrong, why.
fits::Table blob_status_table(const FittedCatalog& fitted);

}  // namespace brickline
