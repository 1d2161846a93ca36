// Stage outliers: finds what only one exposure shows (core/detect/outliers.h), writes the masks and four
// pictures of what they change.
#pragma once

#include "core/pipeline/stage.h"

namespace brickline {

// Products: outlier-mask, and the pictures outliers-pre, -post, -masked-pos, -masked-neg. Masked pixels' data
// are filled from the coadd, outliers lose their weight. With no_outliers nothing is done. Card: OUTLIER.
//
// With cache_outliers, masks are taken from the output directory's or the survey's mask file, if there is one
// that fits all images, and nothing is written; with remake_jpegs the pictures are.
Outcome<OutlierEdits> run_outliers(const OutlierChoice& choice, const PictureOptions& pictures,
                                   const Selection& selection, const References& references,
                                   const EditedImages<>& images, const RunHeader& header,
                                   StageProducts& products, RunContext& run);

// The same edits of images of other bands on the brick (selection.bands), without products.
OutlierEdits outliers_of_other_bands(const Selection& selection, const References& references,
                                     std::span<const CcdImage> images, RunContext& run);

}  // namespace brickline
