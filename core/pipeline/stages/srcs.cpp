#include "core/pipeline/stages/srcs.h"

#include <algorithm>
#include <utility>

#include "core/detect/detected_sources.h"
#include "core/detect/reference_prior.h"
#include "core/detect/residual_sky.h"
#include "core/fits/fits_writer.h"
#include "core/pipeline/detection_settings.h"

namespace brickline {
namespace {

// What models that are whole profiles, fitted with all their neighbours, would else miss of their light.
BlankPixels blank_for_joint_fits() {
  return {.margins = {{24, 200000}, {12, 50000}, {6, 50000}, {3, 50000}, {1, 50000}}, .mean_within = 4};
}

SkyEdits sky_left(const Selection& selection, const Detection& detection, std::span<const CcdImage> images,
                  const FitWay& way, const Log& log) {
  // Bright pixels that no source was made of (a saturated star's) are no more blank than those of a blob.
  Image<std::int32_t> occupied = detection.blobs.labels;
  for (int y = 0; y < occupied.height(); ++y)
    for (int x = 0; x < occupied.width(); ++x)
      if (detection.bright(x, y)) occupied(x, y) = std::max(occupied(x, y), 0);
  const BlankPixels blank = way.joint() ? blank_for_joint_fits() : BlankPixels{};
  const auto sky = residual_sky(images, selection.brick.wcs, selection.bands, occupied.const_view(), blank);
  SkyEdits edits;
  for (std::size_t b = 0; b < selection.bands.size(); ++b)
    if (sky[b]) {
      edits.coadd_sky[selection.bands[b]] = *sky[b];
      log.debug("sky of the {} coadd: {:.6g} nanomaggies per pixel", selection.bands[b], *sky[b]);
    }
  return edits;
}

}  // namespace

Outcome<SourcesFound, SkyEdits> run_srcs(const DetectionChoice& choice, const FitWay& way,
                                         const Selection& selection, const References& references,
                                         const EditedImages<OutlierEdits, HaloEdits>& images,
                                         const RunHeader& header, StageProducts& products, RunContext& run) {
  DetectionOptions options = detection_options(choice, selection, run.log);
  options.maps.cancel = run.cancel;
  SourcesFound out;
  ReferencePrior known = reference_prior(references.catalog, images.images, selection.brick.wcs);
  out.set_aside = std::move(known.set_aside);
  out.detection =
      detect_sources(images.images, selection.brick.wcs, selection.bands, known.prior, options, run.log);
  if (out.detection.sources.empty()) return Nothing{"no source passes the detection threshold"};
  run.cancel.stop_if_asked();
  SkyEdits sky = sky_left(selection, out.detection, images.images, way, run.log);

  fits::FitsWriter writer;
  writer.add_empty_primary(header.cards);
  writer.add_table(
      detected_sources_table(out.detection.sources, out.detection.blobs, selection.bands, references.catalog),
      "DETECTIONS");
  const auto path = products.path(Product::kDetectedSources);
  products.set().record(path, writer.write(path));
  return Outcome<SourcesFound, SkyEdits>(std::move(out), std::move(sky));
}

}  // namespace brickline
