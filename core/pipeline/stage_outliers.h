// Stage outliers: masks what only one exposure shows (core/detect/outliers.h), writes the masks and four
// pictures of what they changed.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "core/base/log.h"
#include "core/base/product_set.h"
#include "core/fits/header.h"
#include "core/image/ccd_image.h"
#include "core/pipeline/brick_options.h"
#include "core/pipeline/brick_state.h"

namespace brickline {

// VER_OUTL, and OUTLIER: whether the run masks outliers.
void add_outlier_cards(fits::Header& header, const BrickOptions& options);

// Products: outlier-mask, and the pictures outliers-pre, -post, -masked-pos, -masked-neg. `star_pixels`: the
// reference stars' 0-based brick pixels. `images` are changed: masked pixels' data are filled from the coadd,
// outliers lose their weight. With options.no_outliers nothing is done.
//
// With options.cache_outliers, masks are taken from the output directory's or the survey's mask file, if
// there is one that fits all images, and nothing is written; with options.remake_outlier_jpegs the pictures
// are.
void run_outliers(const BrickOptions& options, const TimsState& tims, std::vector<CcdImage>& images,
                  std::span<const std::array<double, 2>> star_pixels, ProductSet& products, const Log& log);

}  // namespace brickline
