// The stages after tims: each a function of the states it needs.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/base/progress.h"
#include "core/detect/blob_mask.h"
#include "core/pipeline/brick_options.h"
#include "core/pipeline/brick_state.h"
#include "core/refs/reference_catalog.h"

namespace brickline {

// What is known of this piece of sky from catalogs; writes the table of it, if there is anything.
RefsState run_refs(const BrickOptions& options, const TimsState& tims, ProductSet& products, const Log& log);

// Where Gaia's stars stand, 0-based brick pixels: no artefacts are looked for in them.
std::vector<std::array<double, 2>> gaia_pixels(const RefsState& refs);

// Detects sources and cuts the brick into blobs; then takes the coadds' left-over sky out of `images`.
SrcsState run_srcs(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                   std::vector<CcdImage>& images, const Log& log);

// The product that lists what stage srcs found.
void write_detected_sources(const BrickOptions& options, const TimsState& tims, const SrcsState& srcs,
                            const ReferenceCatalog& references, ProductSet& products);

FitblobsState run_fitblobs(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                           const SrcsState& srcs, const Progress& progress, const Log& log);

// A page about each blob of options.explain_blobs, beside the brick's metrics. They are no products: nobody's
// checksums list them.
void write_explanations(const BrickOptions& options, const TimsState& tims, const FitblobsState& fits,
                        const Log& log);

// The coadds of the images alone, without models; products are written as they are made. `srcs`, where that
// stage has run already (--blob-image), adds saturated areas, blobs and a picture with their outlines; so
// does `blob_mask` (--blob-mask) the saturated areas.
void run_image_coadds(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                      const SrcsState* srcs, const BlobMask* blob_mask, ProductSet& products, const Log& log);

// Coadds with models, and the catalog's measurements on them.
CoaddsState run_coadds(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                       const SrcsState& srcs, const FitblobsState& fits, ProductSet& products,
                       const Log& log);

// MASKBITS, the catalog and the list of checksums.
void run_writecat(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                  const SrcsState& srcs, CoaddsState& coadds, ProductSet& products, const Log& log);

}  // namespace brickline
