// The outlier masks of a brick's images as one file: an empty primary HDU with the run's header, then one
// lossless uint8 image per CCD image, called "MASK-<camera>-<expnum>-<ccdname>", with the image's projection
// as TAN-SIP cards, CAMERA, EXPNUM, CCDNAME and its place in the full CCD, X0, Y0. Masks of older files lack
// the "MASK-" in their names.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "core/base/image.h"
#include "core/fits/fits_reader.h"
#include "core/fits/header.h"
#include "core/image/ccd_image.h"

namespace brickline {

std::string outlier_mask_name(const CcdImage& image);

// Masks in the order given, one per image and of its size. Written under a temporary name and renamed;
// returns the SHA-256 of the file.
std::string write_outlier_masks(const std::filesystem::path& path, const fits::Header& header,
                                std::span<const CcdImage* const> images,
                                std::span<const ImageView<const std::uint8_t>> masks);

class OutlierMaskFile {
 public:
  // Error (kInput) if the file cannot be read.
  explicit OutlierMaskFile(const std::filesystem::path& path) : reader_(path) {}

  // The mask of an image that covers the same part of the CCD as the one it was made for. Empty if the file
  // has none of that image, shape and place; `why`, if given, then says so.
  std::optional<Image<std::uint8_t>> same_extent(const CcdImage& image, std::string* why = nullptr);
  // The same for any part of the CCD: what the file knows of it, 0 elsewhere. Empty only if the file has no
  // mask of that CCD and exposure.
  std::optional<Image<std::uint8_t>> overlap(const CcdImage& image, std::string* why = nullptr);

 private:
  std::optional<int> find(const CcdImage& image, std::string* why);
  fits::FitsReader reader_;
};

}  // namespace brickline
