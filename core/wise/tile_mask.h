// unWISE's masks of bright stars' traces, brought onto a brick's pixels.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

#include "core/base/image.h"
#include "core/wcs/wcs.h"
#include "core/wise/tile_atlas.h"

namespace brickline {

// The brick's WISE masks, one per band W1 and W2, in the catalog's bits (core/survey/bits.h, wisebit).
struct WiseMasks {
  std::array<Image<std::uint8_t>, 2> bands;
  bool empty() const { return bands[0].empty(); }
};

// Adds a tile's bits to the brick's pixels that lie in the tile's own box, each from the nearest of the
// tile's. `bits`: unWISE's bits of both bands, of the brick's size. Error (kInput) naming the file.
void add_tile_mask(Image<std::uint32_t>& bits, const std::filesystem::path& file, const WiseTile& tile,
                   const Wcs& brick);

// unWISE's bits of one pixel in the catalog's: an output bit is set if any of its source bits is.
std::array<std::uint8_t, 2> collapsed_mask(std::uint32_t unwise_bits);
WiseMasks collapsed_masks(ImageView<const std::uint32_t> bits);

}  // namespace brickline
