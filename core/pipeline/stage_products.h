// What several stages need of a run: its header so far, and where its products go.
#pragma once

#include "core/catalog/catalog.h"
#include "core/coadd/coadd_stage.h"
#include "core/fits/header.h"
#include "core/pipeline/brick_options.h"
#include "core/pipeline/brick_state.h"

namespace brickline {

// The run's header once its sources are found and fitted: with the cards of those stages.
fits::Header fitted_header(const TimsState& tims);

ProductPath product_paths(const BrickOptions& options, const BrickGeometry& brick);

CatalogGeometry catalog_geometry(const BrickGeometry& brick);

}  // namespace brickline
