#include <algorithm>
#include <utility>

#include "core/detect/reference_prior.h"
#include "core/detect/residual_sky.h"
#include "core/pipeline/stages.h"

namespace brickline {

SrcsState run_srcs(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                   std::vector<CcdImage>& images, const Log& log) {
  DetectionOptions detection;
  detection.peaks.nsigma = options.nsigma;
  detection.seds = detection_seds(tims.bands, tims.band_facts);
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

}  // namespace brickline
