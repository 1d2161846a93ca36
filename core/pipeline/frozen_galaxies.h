// Large galaxies whose parameters are taken from their catalog: they are not fitted, and their light is taken
// out of every blob that it reaches.
#pragma once

#include <span>
#include <vector>

#include "core/blobs/fitted_catalog.h"
#include "core/coadd/model_images.h"
#include "core/detect/source_list.h"
#include "core/refs/reference_catalog.h"

namespace brickline {

// Their rows in the reference catalog, in its order: the order of FittedCatalog::frozen_reach.
std::vector<int> frozen_rows(const ReferenceCatalog& references);

// Those that reach into blobs, as the coadds' models draw them. `row_fits`: what each row of the catalog was
// fitted as, null for rows that were not. `profiles`: of the run's galaxies; the catalog's fluxes are of the reference's.
std::vector<Scene::Frozen> frozen_in_scene(const ReferenceCatalog& references, const SourceList& sources,
                                           const FittedCatalog& fitted,
                                           std::span<const FittedSource* const> row_fits,
                                           GalaxyProfiles profiles);

}  // namespace brickline
