#include "core/pipeline/stages/blobmask.h"

#include "core/coadd/product_headers.h"
#include "core/fits/fits_writer.h"
#include "core/pipeline/detection_settings.h"

namespace brickline {

Outcome<BrightPixels> run_blobmask(const DetectionChoice& choice, const Selection& selection,
                                   const EditedImages<OutlierEdits, HaloEdits>& images,
                                   const RunHeader& header, StageProducts& products, RunContext& run) {
  BlobMask mask = blob_mask(images.images, selection.brick.wcs, selection.bands,
                            detection_options(choice, selection, run.log));
  fits::Header cards = header.cards;
  cards.append(brick_wcs_cards(selection.brick.wcs));
  cards.append(image_type_cards("blobmask"));
  fits::FitsWriter writer;
  writer.add_image(mask.mask.const_view(), cards, "BLOBMASK", {fits::Compression::Algorithm::kHcompress});
  const auto path = products.path(Product::kBlobmask);
  products.set().record(path, writer.write(path));
  run.log.info("max_blob_size {}", mask.largest_blob);
  run.log.info("num_blobs {}", mask.blobs);
  run.log.info("total_pixels {}", mask.image_pixels);
  return Outcome<BrightPixels>(BrightPixels{std::move(mask)});
}

}  // namespace brickline
