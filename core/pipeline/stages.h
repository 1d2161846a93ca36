// The stages after tims: each a function of the states it needs.
#pragma once

#include <functional>

#include "core/base/log.h"
#include "core/base/progress.h"
#include "core/pipeline/brick_options.h"
#include "core/pipeline/brick_state.h"
#include "core/refs/reference_catalog.h"

namespace brickline {

// Detects sources and cuts the brick into blobs; then takes the coadds' left-over sky out of `images`.
SrcsState run_srcs(const BrickOptions& options, const TimsState& tims, std::vector<CcdImage>& images,
                   const Log& log);

// The product that lists what stage srcs found. `references`: the table of the reference catalog whose rows
// the sources name (reference_table); null without one.
void write_detected_sources(const BrickOptions& options, const TimsState& tims, const SrcsState& srcs,
                            const ReferenceCatalog& references, ProductSet& products);

FitblobsState run_fitblobs(const BrickOptions& options, const TimsState& tims, const SrcsState& srcs,
                           const Progress& progress, const Log& log);

// The coadds of the images alone, without models; products are written as they are made.
void run_image_coadds(const BrickOptions& options, const TimsState& tims, ProductSet& products,
                      const Log& log);

// Coadds with models, and the catalog's measurements on them.
CoaddsState run_coadds(const BrickOptions& options, const TimsState& tims, const SrcsState& srcs,
                       const FitblobsState& fits, ProductSet& products, const Log& log);

// MASKBITS, the catalog and the list of checksums.
void run_writecat(const BrickOptions& options, const TimsState& tims, const SrcsState& srcs,
                  CoaddsState& coadds, ProductSet& products, const Log& log);

}  // namespace brickline
