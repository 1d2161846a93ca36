#include "core/detect/blob_mask.h"

#include <algorithm>

#include "core/detect/morphology.h"

namespace brickline {

BlobMask blob_mask(std::span<const CcdImage> images, const Wcs& brick, std::span<const std::string> bands,
                   const DetectionOptions& options) {
  const std::vector<BandMaps> maps =
      detection_maps(detection_images(images, bands), brick, static_cast<int>(bands.size()), options.maps);
  BlobMask out;
  for (const BandMaps& map : maps)
    out.saturated.push_back(dilate(map.saturated.view(), options.saturation_growth));

  out.mask = maps.empty() ? Image<std::uint8_t>(brick.width(), brick.height())
                          : hot_pixels(maps, options.seds.empty() ? detection_seds(bands) : options.seds,
                                       options.peaks);
  merge_hot_saturated(out.mask, out.saturated);
  const Components components = label_components(out.mask.view());
  out.blobs = components.count();
  for (const std::int64_t pixels : components.pixels) out.largest_blob = std::max(out.largest_blob, pixels);
  for (const CcdImage& image : images) out.image_pixels += image.data.box().area();
  return out;
}

}  // namespace brickline
