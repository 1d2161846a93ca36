#include "core/pipeline/stages/image_coadds.h"

#include "core/pipeline/coadd_products.h"
#include "core/survey/provenance.h"

namespace brickline {
namespace {

void write_coadds(const CoaddStageInput& input, const EarlyCoaddOptions& choice,
                  const StackingOptions& stacking, const PictureOptions& pictures, const RunHeader& header,
                  StageProducts& products, const RunContext& run) {
  CoaddStageOptions options = coadd_options(stacking, pictures, GalaxyProfiles::kReference);  // no models
  options.cancel = run.cancel;
  options.minimal = choice.minimal;
  const CoaddStageOutput out = make_coadds(input, {}, products.set(), options, run.log);
  if (options.minimal) return;
  // What is known so far: later stages write the map again.
  fits::Header cards = header.cards;
  add_maskbits_cards(cards, input.maskbits);
  write_maskbits(out.maskbits.const_view(), input.target, cards, products.path(Product::kMaskbits),
                 products.set());
}

}  // namespace

Outcome<> run_image_coadds(const EarlyCoaddOptions& choice, const StackingOptions& stacking,
                           const PictureOptions& pictures, const Selection& selection,
                           const References& references, const EditedImages<OutlierEdits, HaloEdits>& images,
                           const RunHeader& header, StageProducts& products, RunContext& run) {
  write_ccds(selection, images.images, {}, header.cards, products);
  CoaddStageInput input = coadd_input(selection, references, images.images, products);
  input.version_header = header.cards;
  write_coadds(input, choice, stacking, pictures, header, products, run);
  return {};
}

Outcome<> run_image_coadds_with_mask(const EarlyCoaddOptions& choice, const StackingOptions& stacking,
                                     const PictureOptions& pictures, const Selection& selection,
                                     const References& references, const BrightPixels& bright,
                                     const EditedImages<OutlierEdits, HaloEdits>& images,
                                     const RunHeader& header, StageProducts& products, RunContext& run) {
  write_ccds(selection, images.images, {}, header.cards, products);
  CoaddStageInput input = coadd_input(selection, references, images.images, products);
  input.version_header = header.cards;
  input.saturated = by_band(selection.bands, bright.mask.saturated);
  write_coadds(input, choice, stacking, pictures, header, products, run);
  return {};
}

Outcome<> run_image_coadds_with_blobs(const EarlyCoaddOptions& choice, const StackingOptions& stacking,
                                      const PictureOptions& pictures, const Selection& selection,
                                      const References& references, const SourcesFound& sources,
                                      const SkyEdits& sky,
                                      const EditedImages<OutlierEdits, HaloEdits, SkyEdits>& images,
                                      const RunHeader& header, StageProducts& products, RunContext& run) {
  write_ccds(selection, images.images, sky, header.cards, products);
  CoaddStageInput input = coadd_input(selection, references, images.images, products);
  input.version_header = header.cards;
  input.saturated = by_band(selection.bands, sources.detection.saturated);
  input.coadd_sky = sky.coadd_sky;
  input.blob_map = sources.detection.blobs.labels.const_view();
  write_blob_map(selection.brick, header.cards, input.blob_map, products);
  write_coadds(input, choice, stacking, pictures, header, products, run);
  return {};
}

bool mask_wanted(const BrickOptions& options) { return options.early_coadds.blob_mask; }
bool blobs_wanted(const BrickOptions& options) {
  return options.early_coadds.blob_image && !options.early_coadds.blob_mask;
}
bool neither_wanted(const BrickOptions& options) { return !mask_wanted(options) && !blobs_wanted(options); }

}  // namespace brickline
