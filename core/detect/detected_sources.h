// The product "sources-BRICK.fits": what fitting starts from, as a table.
#pragma once

#include <span>
#include <string>

#include "core/detect/blob_map.h"
#include "core/detect/source_list.h"
#include "core/fits/table.h"
#include "core/refs/reference_catalog.h"

namespace brickline {

// One row per source, in the order of the list: ra, dec, ibx, iby, peaksn, peaksed, ref_cat, ref_id; then the
// columns of the reference table that are not among these, in its order, and source_id (Gaia's), dup and
// set_galaxy_maskbit (zero, false or blank for detections); then blob, blob_x0, blob_x1, blob_y0, blob_y1
// (half-open; -1: in no blob), needs_initial_flux, and flux_<band> in nanomaggies.
// DetectedSource::reference_row counts the catalog's rows; with none there are no columns of reference
// sources.
fits::Table detected_sources_table(const SourceList& sources, const BlobMap& blobs,
                                   std::span<const std::string> bands, const ReferenceCatalog& catalog = {});

}  // namespace brickline
