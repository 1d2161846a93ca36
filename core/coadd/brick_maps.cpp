#include "core/coadd/brick_maps.h"

#include <tbb/parallel_for.h>

#include <array>
#include <cmath>

namespace brickline {

namespace {

constexpr int kDepthBins = 50;

// Bin edges: 20 to 25 magnitudes in steps of 0.1, opened at both ends.
std::array<float, kDepthBins + 1> depth_edges() {
  std::array<float, kDepthBins + 1> edges{};
  for (int i = 0; i <= kDepthBins; ++i) edges[i] = static_cast<float>(20 + 0.1 * i);
  edges.front() = 0;
  edges.back() = 100;
  return edges;
}

// The magnitude of a source of 5 sigma; 0 without data.
float depth_magnitude(float inverse_variance) {
  const float magnitude = -2.5f * (std::log10(5.0f / std::sqrt(inverse_variance)) - 9.0f);
  return std::isfinite(magnitude) ? magnitude : 0.0f;
}

std::vector<std::int32_t> depth_counts(ImageView<const float> depth, ImageView<const std::uint8_t> unique) {
  static const std::array<float, kDepthBins + 1> edges = depth_edges();
  std::vector<std::int32_t> counts(kDepthBins, 0);
  for (int y = 0; y < depth.height(); ++y)
    for (int x = 0; x < depth.width(); ++x) {
      if (!unique(x, y)) continue;
      const float m = depth_magnitude(depth(x, y));
      if (!(m >= edges.front() && m <= edges.back())) continue;
      const auto bin = std::upper_bound(edges.begin(), edges.end(), m) - edges.begin() - 1;
      ++counts[std::min<std::ptrdiff_t>(bin, kDepthBins - 1)];
    }
  return counts;
}

}  // namespace

Image<std::uint8_t> unique_pixels(const Wcs& target, const SkyBox& box) {
  Image<std::uint8_t> unique(target.width(), target.height());
  tbb::parallel_for(0, target.height(), [&](int y) {
    for (int x = 0; x < target.width(); ++x) {
      const SkyPosition p = target.pixel_to_sky(x, y);
      unique(x, y) = box.contains(p.ra, p.dec) ? 1 : 0;
    }
  });
  return unique;
}

Image<std::int32_t> compose_maskbits(int width, int height, const MaskbitsInput& input,
                                     const BandMaskbits& bits) {
  Image<std::int32_t> out(width, height);
  struct BandBits {
    const MaskbitsInput::Band* maps;
    const BandMaskbits::Slot* slot;
  };
  std::vector<BandBits> bands;
  for (const MaskbitsInput::Band& b : input.bands)
    if (const BandMaskbits::Slot* slot = bits.find(b.band)) bands.push_back({&b, slot});
  tbb::parallel_for(0, height, [&](int y) {
    for (int x = 0; x < width; ++x) {
      std::int32_t m = 0;
      if (!input.unique.empty() && !input.unique(x, y)) m |= maskbit::kNotPrimary;
      if (!input.reference.empty()) m |= maskbits_of_reference_bits(input.reference(x, y));
      if (!input.bailout.empty() && input.bailout(x, y)) m |= maskbit::kBailout;
      if (!input.sub_blob.empty() && input.sub_blob(x, y)) m |= maskbit::kSubBlob;
      for (const BandBits& b : bands) {
        if (!b.maps->saturated.empty() && b.maps->saturated(x, y)) m |= b.slot->satur;
        if (!b.maps->allmask.empty() && b.maps->allmask(x, y)) m |= b.slot->allmask;
      }
      out(x, y) = m;
    }
  });
  return out;
}

DepthTable::DepthTable() {
  const auto edges = depth_edges();
  table_.add("depthlo", std::vector<float>(edges.begin(), edges.end() - 1), "mag", {},
             "5-sigma depth, lower edge");
  table_.add("depthhi", std::vector<float>(edges.begin() + 1, edges.end()), "mag", {},
             "5-sigma depth, upper edge");
}

void DepthTable::add(const std::string& band, ImageView<const float> depth, ImageView<const float> galdepth,
                     ImageView<const std::uint8_t> unique) {
  table_.add("counts_ptsrc_" + band, depth_counts(depth, unique), "", {}, "pixels of point-source depth");
  table_.add("counts_gal_" + band, depth_counts(galdepth, unique), "", {}, "pixels of galaxy depth");
}

}  // namespace brickline
