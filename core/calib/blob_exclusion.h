// Pixels of a CCD on which an earlier run over the sky found sources: its blobs, brick by brick, projected on
// the CCD.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/base/image.h"
#include "core/base/log.h"
#include "core/survey/survey_directory.h"
#include "core/wcs/wcs.h"

namespace brickline {

// Sets to 1 the pixels of `excluded`, an image of `wcs`, whose centres lie nearest to a brick pixel in a blob.
// For every brick of the survey that touches the image, with PRE the first three characters of its name:
//   DIR/metrics/PRE/blobs-BRICK.fits.gz      blob numbers, -1 for none; else
//   DIR/metrics/PRE/blobmask-BRICK.fits.gz   above 0 in a blob; else the brick is skipped, which the log is told.
void exclude_blobs(const SurveyDirectory& survey, const std::filesystem::path& directory, const Wcs& wcs,
                   Image<std::uint8_t>& excluded, const Log& log = {});

}  // namespace brickline
