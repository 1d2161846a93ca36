// What the stages image_coadds and coadds share: how a run's state becomes the input of the coadds, and the
// products that both write.
#pragma once

#include "core/coadd/coadd_stage.h"
#include "core/pipeline/brick_options.h"
#include "core/pipeline/brick_state.h"

namespace brickline {

// All but the header (CoaddStageInput::version_header) and what is in the sky. Without `srcs` nothing is
// known yet of saturated areas and of the coadds' sky.
CoaddStageInput coadd_input(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                            const SrcsState* srcs);
CoaddStageOptions coadd_options(const BrickOptions& options);

// The brick's CCD table; the sky subtracted is 0 without `srcs`.
void write_ccds(const BrickOptions& options, const TimsState& tims, const SrcsState* srcs,
                const fits::Header& header, ProductSet& products);

// -1 = no blob. `header`: the run's so far.
void write_blob_map(const BrickOptions& options, const BrickGeometry& brick, const fits::Header& header,
                    ImageView<const std::int32_t> blob_map, ProductSet& products);

}  // namespace brickline
