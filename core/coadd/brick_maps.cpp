#include "core/coadd/brick_maps.h"

#include <tbb/parallel_for.h>

#include "core/coadd/depth_histogram.h"

namespace brickline {

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

std::int32_t maskbits_of_reference_bits(std::uint8_t bits) {
  std::int32_t m = 0;
  if (bits & refbit::kBright) m |= maskbit::kBright;
  if (bits & refbit::kMedium) m |= maskbit::kMedium;
  if (bits & refbit::kCluster) m |= maskbit::kCluster;
  if (bits & refbit::kGalaxy) m |= maskbit::kGalaxy;
  if (bits & refbit::kResolved) m |= maskbit::kResolved;
  if (bits & refbit::kMclouds) m |= maskbit::kMclouds;
  return m;
}

Image<std::int32_t> compose_maskbits(int width, int height, const MaskbitsInput& input,
                                     const MaskBits& bits) {
  Image<std::int32_t> out(width, height);
  struct BandBits {
    const MaskbitsInput::Band* maps;
    std::int32_t saturated, allmask;
  };
  std::vector<BandBits> bands;
  for (const MaskbitsInput::Band& b : input.bands)
    bands.push_back({&b, bits.saturated(b.band), bits.allmask(b.band)});
  tbb::parallel_for(0, height, [&](int y) {
    for (int x = 0; x < width; ++x) {
      std::int32_t m = 0;
      if (!input.unique.empty() && !input.unique(x, y)) m |= maskbit::kNprimary;
      if (!input.reference.empty()) m |= maskbits_of_reference_bits(input.reference(x, y));
      if (!input.bailout.empty() && input.bailout(x, y)) m |= maskbit::kBailout;
      if (!input.sub_blob.empty() && input.sub_blob(x, y)) m |= maskbit::kSubBlob;
      for (const BandBits& b : bands) {
        if (!b.maps->saturated.empty() && b.maps->saturated(x, y)) m |= b.saturated;
        if (!b.maps->allmask.empty() && b.maps->allmask(x, y)) m |= b.allmask;
      }
      out(x, y) = m;
    }
  });
  return out;
}

DepthTable::DepthTable() {
  const std::vector<float> edges = depth_histogram_edges();
  table_.add("depthlo", std::vector<float>(edges.begin(), edges.end() - 1), "mag", {},
             "5-sigma depth, lower edge");
  table_.add("depthhi", std::vector<float>(edges.begin() + 1, edges.end()), "mag", {},
             "5-sigma depth, upper edge");
}

void DepthTable::add(const std::string& band, ImageView<const float> depth, ImageView<const float> galdepth,
                     ImageView<const std::uint8_t> unique) {
  table_.add("counts_ptsrc_" + band, depth_histogram(depth, unique), "", {}, "pixels of point-source depth");
  table_.add("counts_gal_" + band, depth_histogram(galdepth, unique), "", {}, "pixels of galaxy depth");
}

}  // namespace brickline
