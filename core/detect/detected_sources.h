// The product "sources-BRICK.fits": what fitting starts from, as a table.
#pragma once

#include <span>
#include <string>

#include "core/detect/blob_map.h"
#include "core/detect/source_list.h"
#include "core/fits/table.h"

namespace brickline {

// One row per source, in the order of the list: ra, dec, ibx, iby, peaksn, peaksed, ref_cat, ref_id; then the
// columns of `references` that are not among these, in their order (zero, false or blank for detections);
// then blob, blob_x0, blob_x1, blob_y0, blob_y1 (half-open; -1: in no blob), needs_initial_flux, and
// flux_<band> in nanomaggies. `references`: the reference catalog's table, whose rows
// DetectedSource::reference_row counts; null without one. Positions of reference sources are theirs, not the
// starting model's.
fits::Table detected_sources_table(const SourceList& sources, const BlobMap& blobs,
                                   std::span<const std::string> bands,
                                   const fits::Table* references = nullptr);

}  // namespace brickline
