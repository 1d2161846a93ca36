#include "core/pipeline/coadd_products.h"
#include "core/pipeline/stages.h"
#include "core/survey/provenance.h"

namespace brickline {

void run_image_coadds(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                      const SrcsState* srcs, const BlobMask* blob_mask, ProductSet& products,
                      const Log& log) {
  fits::Header header = tims.version_header;
  write_ccds(options, tims, srcs, header, products);
  CoaddStageInput input = coadd_input(options, tims, refs, srcs);
  input.version_header = header;
  if (blob_mask)
    for (std::size_t b = 0; b < tims.bands.size() && b < blob_mask->saturated.size(); ++b)
      input.saturated[tims.bands[b]] = blob_mask->saturated[b].const_view();
  if (srcs) {
    input.blob_map = srcs->detection.blobs.labels.const_view();
    write_blob_map(options, tims.brick, header, input.blob_map, products);
  }
  CoaddStageOptions stacking = coadd_options(options);
  stacking.minimal = options.minimal_coadds;
  const CoaddStageOutput out = make_coadds(input, {}, products, stacking, log);
  if (options.minimal_coadds) return;
  // What is known so far: later stages write the map again.
  add_maskbits_cards(header, input.maskbits);
  write_maskbits(out.maskbits.const_view(), tims.brick.wcs, header, input.path("maskbits", ""), products);
}

}  // namespace brickline
