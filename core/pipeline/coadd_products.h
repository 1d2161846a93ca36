// What the stages image_coadds and coadds share: how a run's state becomes the input of the coadds, and the
// products that both write.
#pragma once

#include "core/catalog/catalog.h"
#include "core/coadd/coadd_stage.h"
#include "core/pipeline/stage.h"

namespace brickline {

// All but the header (CoaddStageInput::version_header) and what is in the sky.
CoaddStageInput coadd_input(const Selection& selection, const References& references,
                            std::span<const CcdImage> images, const StageProducts& products);
// `profiles`: of the models that are drawn, if there are any.
CoaddStageOptions coadd_options(const StackingOptions& stacking, const PictureOptions& pictures,
                                GalaxyProfiles profiles);

// The bits of MASKBITS in a run's products: of its bands and of those that nothing is fitted in.
MaskBits mask_bits_of(const Selection& selection, const std::vector<std::string>& forced_bands);

// Per band of the run, as stage srcs or blobmask found it.
std::map<std::string, ImageView<const std::uint8_t>> by_band(
    const std::vector<std::string>& bands, const std::vector<Image<std::uint8_t>>& saturated);

// The brick's CCD table; the sky subtracted is 0 where `sky` has none.
void write_ccds(const Selection& selection, std::span<const CcdImage> images, const SkyEdits& sky,
                const fits::Header& header, StageProducts& products);

// -1 = no blob. `header`: the run's so far.
void write_blob_map(const BrickGeometry& brick, const fits::Header& header,
                    ImageView<const std::int32_t> blob_map, StageProducts& products);

// What the catalog and the order of its rows need of the brick.
CatalogGeometry catalog_geometry(const BrickGeometry& brick);

}  // namespace brickline
