#include <algorithm>
#include <utility>

#include "core/detect/detected_sources.h"
#include "core/detect/reference_prior.h"
#include "core/detect/residual_sky.h"
#include "core/fits/fits_writer.h"
#include "core/pipeline/detection_settings.h"
#include "core/pipeline/stage_products.h"
#include "core/pipeline/stages.h"

namespace brickline {

SrcsState run_srcs(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                   std::vector<CcdImage>& images, const Log& log) {
  const DetectionOptions detection = detection_options(options, tims, log);
  SrcsState out;
  ReferencePrior known = reference_prior(refs.catalog, images, tims.brick.wcs);
  out.set_aside = std::move(known.set_aside);
  out.detection = detect_sources(images, tims.brick.wcs, tims.bands, known.prior, detection, log);

  // Bright pixels that no source was made of (a saturated star's) are no more blank than those of a blob.
  Image<std::int32_t> occupied = out.detection.blobs.labels;
  for (int y = 0; y < occupied.height(); ++y)
    for (int x = 0; x < occupied.width(); ++x)
      if (out.detection.bright(x, y)) occupied(x, y) = std::max(occupied(x, y), 0);
  const auto sky = residual_sky(images, tims.brick.wcs, tims.bands, occupied.const_view());
  subtract_residual_sky(images, tims.bands, sky);
  for (std::size_t b = 0; b < tims.bands.size(); ++b)
    if (sky[b]) {
      out.coadd_sky[tims.bands[b]] = *sky[b];
      log.debug("sky of the {} coadd: {:.6g} nanomaggies per pixel", tims.bands[b], *sky[b]);
    }
  return out;
}

void write_detected_sources(const BrickOptions& options, const TimsState& tims, const SrcsState& srcs,
                            const ReferenceCatalog& references, ProductSet& products) {
  fits::FitsWriter writer;
  writer.add_empty_primary(tims.version_header);
  writer.add_table(
      detected_sources_table(srcs.detection.sources, srcs.detection.blobs, tims.bands, references),
      "DETECTIONS");
  const auto path = product_paths(options, tims.brick)("detected-sources", "");
  products.record(path, writer.write(path));
}

}  // namespace brickline
