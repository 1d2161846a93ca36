// What several stages need of a run: where its products go, and its geometry for the catalog.
#pragma once

#include "core/catalog/catalog.h"
#include "core/coadd/coadd_stage.h"
#include "core/fits/header.h"
#include "core/pipeline/brick_options.h"
#include "core/pipeline/brick_state.h"

namespace brickline {

ProductPath product_paths(const BrickOptions& options, const BrickGeometry& brick);

CatalogGeometry catalog_geometry(const BrickGeometry& brick);

}  // namespace brickline
