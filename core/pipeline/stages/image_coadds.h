// Stage image_coadds: the coadds of the images alone, without models; an optional place in the chain. Three
// forms of it, of which the options choose one.
#pragma once

#include "core/pipeline/stage.h"

namespace brickline {

// After halos. Products are written as they are made; minimal coadds have no MASKBITS.
Outcome<> run_image_coadds(const EarlyCoaddOptions& choice, const StackingOptions& stacking,
                           const PictureOptions& pictures, const Selection& selection,
                           const References& references, const EditedImages<OutlierEdits, HaloEdits>& images,
                           const RunHeader& header, StageProducts& products, RunContext& run);

// After blobmask (--blob-mask), whose saturated areas enter MASKBITS.
Outcome<> run_image_coadds_with_mask(const EarlyCoaddOptions& choice, const StackingOptions& stacking,
                                     const PictureOptions& pictures, const Selection& selection,
                                     const References& references, const BrightPixels& bright,
                                     const EditedImages<OutlierEdits, HaloEdits>& images,
                                     const RunHeader& header, StageProducts& products, RunContext& run);

// After srcs (--blob-image): with its saturated areas, its blobs as a product, and a picture with their
// outlines.
Outcome<> run_image_coadds_with_blobs(const EarlyCoaddOptions& choice, const StackingOptions& stacking,
                                      const PictureOptions& pictures, const Selection& selection,
                                      const References& references, const SourcesFound& sources,
                                      const SkyEdits& sky,
                                      const EditedImages<OutlierEdits, HaloEdits, SkyEdits>& images,
                                      const RunHeader& header, StageProducts& products, RunContext& run);

bool blobs_wanted(const BrickOptions& options);  // image_coadds is the form with blobs
bool mask_wanted(const BrickOptions& options);   // it is the form with the mask
bool neither_wanted(const BrickOptions& options);

}  // namespace brickline
