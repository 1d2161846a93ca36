// Colour pictures: bands to red, green and blue by the asinh mapping of Lupton et al. (2004, PASP 116, 133),
// with the Legacy Surveys' recipes of bands and scales.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/image.h"

namespace brickline {

struct RgbOptions {
  double stretch = 1;           // multiplies all scales
  float m = 0.03f, q = 20.f;    // offset (nanomaggies, scaled) and softening
  float residual_range = 0.1f;  // residuals: -range is 0, +range is 1
};

// One band of a picture: value * scale, weighted into red, green and blue. `replaces`: it overwrites what
// earlier bands left in the planes it weights, instead of adding to it. `clips`: it is brought to 0..1 before
// it is weighted, not only the sum.
struct RgbBand {
  float scale = 3.4f;
  std::array<float, 3> weights{0, 1, 0};
  bool replaces = true;
  bool clips = true;
};
// The recipe of a list of bands; no value: the band takes no part in the picture. A band without a recipe of
// its own is grey. `wishes`: colours that a camera asks for by band; they win over every recipe, whose scale
// stays.
std::vector<std::optional<RgbBand>> rgb_recipe(
    std::span<const std::string> bands, double stretch = 1,
    std::span<const std::optional<std::array<double, 3>>> wishes = {});

enum class PictureKind { kImage, kResidual };

// Three planes of the bands' size, 0 to 1. `images` are of one size, in the order of `bands`.
struct RgbPlanes {
  Image<float> red, green, blue;
};
RgbPlanes rgb_picture(std::span<const ImageView<const float>> images, std::span<const std::string> bands,
                      PictureKind kind, const RgbOptions& options = {},
                      std::span<const std::optional<std::array<double, 3>>> wishes = {});

// Draws in green the outline of blobs (`blob_map` >= 0): pixels that touch one, corners counted, and belong
// to none.
void outline_blobs(RgbPlanes& picture, ImageView<const std::int32_t> blob_map);

// The sum of the planes.
Image<float> grey_picture(const RgbPlanes& picture);

}  // namespace brickline
