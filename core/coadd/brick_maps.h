// Maps of the brick as a whole: its unique area, MASKBITS, and how deep how much of it is.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/image.h"
#include "core/fits/table.h"
#include "core/survey/bits.h"
#include "core/wcs/sky_box.h"
#include "core/wcs/wcs.h"

namespace brickline {

// 1 where the centre of the pixel lies in the box.
Image<std::uint8_t> unique_pixels(const Wcs& target, const SkyBox& box);

// What MASKBITS is composed of; empty views contribute nothing.
struct MaskbitsInput {
  ImageView<const std::uint8_t> unique;     // where 0: NPRIMARY. Empty for custom bricks
  ImageView<const std::uint8_t> reference;  // reference bits
  ImageView<const std::uint8_t> bailout, sub_blob;
  struct Band {
    std::string band;
    ImageView<const std::uint8_t> saturated;  // already grown
    ImageView<const std::int16_t> allmask;
  };
  std::vector<Band> bands;
};
// The MASKBITS of the reference map's bits.
std::int32_t maskbits_of_reference_bits(std::uint8_t reference_bits);
Image<std::int32_t> compose_maskbits(int width, int height, const MaskbitsInput& input, const MaskBits& bits);

// Counts of unique pixels by 5-sigma depth, magnitudes 22.5 - 2.5 log10(5/sqrt(depth)) in bins of 0.1 from 20
// to 25, the first opened to 0 (pixels without data among them), the last to 100. Columns depthlo, depthhi
// and, per band in the order of add(), counts_ptsrc_<b>, counts_gal_<b>.
class DepthTable {
 public:
  DepthTable();
  void add(const std::string& band, ImageView<const float> depth, ImageView<const float> galdepth,
           ImageView<const std::uint8_t> unique);
  const fits::Table& table() const { return table_; }

 private:
  fits::Table table_;
};

}  // namespace brickline
