#include "core/wise/tile_mask.h"

#include <array>

#include "core/base/error.h"
#include "core/fits/fits_reader.h"
#include "core/resample/pixel_mapping.h"
#include "core/survey/bits.h"

namespace brickline {
namespace {

struct MaskBit {
  std::uint8_t bit;
  std::array<std::uint32_t, 2> unwise;  // of W1, of W2
};

constexpr std::uint32_t bit(int n) { return std::uint32_t{1} << n; }

// https://catalog.unwise.me/files/unwise_bitmask_writeup.pdf (Meisner et al. 2019, PASP 131, 124504), table
// A4.
constexpr std::array<MaskBit, 8> kBits = {{
    {wisebit::kBright, {bit(0) | bit(1), bit(2) | bit(3)}},
    {wisebit::kSpike, {bit(27), bit(28)}},
    {wisebit::kGhost, {bit(25) | bit(26), bit(11) | bit(12)}},
    {wisebit::kLatent, {bit(13) | bit(14), bit(15) | bit(16)}},
    {wisebit::kLatent2, {bit(17) | bit(18), bit(19) | bit(20)}},
    {wisebit::kHalo, {bit(23), bit(24)}},
    {wisebit::kSatur, {bit(4), bit(5)}},
    {wisebit::kSpike2, {bit(29), bit(30)}},
}};

}  // namespace

void add_tile_mask(Image<std::uint32_t>& bits, const std::filesystem::path& file, const WiseTile& tile,
                   const Wcs& brick) {
  fits::FitsReader reader(file);
  const fits::ImageInfo info = reader.image_info(0);
  Wcs wcs;
  try {
    wcs = Wcs::from_header(reader.header(0), info.width, info.height);
  } catch (Error& e) {
    throw e.in_file(file.string());
  }
  const PixelMapping mapping(brick, wcs, {.extend_low_edges = false});
  if (mapping.empty()) return;
  const Image<std::int32_t> mask = reader.image<std::int32_t>(0);
  for_each_mapped_pixel(mapping, [&](int x, int y, int ix, int iy) {
    const std::int32_t value = mask(ix, iy);
    if (value <= 0) return;
    const SkyPosition s = brick.pixel_to_sky(x, y);
    if (tile.owns(s.ra, s.dec)) bits(x, y) = static_cast<std::uint32_t>(value);
  });
}

std::array<std::uint8_t, 2> collapsed_mask(std::uint32_t unwise_bits) {
  std::array<std::uint8_t, 2> out{};
  for (const MaskBit& b : kBits)
    for (std::size_t band = 0; band < 2; ++band)
      if (unwise_bits & b.unwise[band]) out[band] |= b.bit;
  return out;
}

WiseMasks collapsed_masks(ImageView<const std::uint32_t> bits) {
  WiseMasks out;
  for (auto& band : out.bands) band = Image<std::uint8_t>(bits.width(), bits.height());
  for (int y = 0; y < bits.height(); ++y)
    for (int x = 0; x < bits.width(); ++x) {
      const auto values = collapsed_mask(bits(x, y));
      for (std::size_t band = 0; band < 2; ++band) out.bands[band](x, y) = values[band];
    }
  return out;
}

}  // namespace brickline
