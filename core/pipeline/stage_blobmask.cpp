#include "core/pipeline/stage_blobmask.h"

#include "core/coadd/product_headers.h"
#include "core/fits/fits_writer.h"
#include "core/pipeline/detection_settings.h"
#include "core/pipeline/stage_products.h"

namespace brickline {

BlobMask run_blobmask(const BrickOptions& options, const TimsState& tims, ProductSet& products,
                      const Log& log) {
  BlobMask out = blob_mask(tims.images, tims.brick.wcs, tims.bands, detection_options(options, tims, log));
  fits::Header header = tims.version_header;
  header.append(brick_wcs_cards(tims.brick.wcs));
  header.append(image_type_cards("blobmask"));
  fits::FitsWriter writer;
  writer.add_image(out.mask.const_view(), header, "BLOBMASK", {fits::Compression::Algorithm::kHcompress});
  const auto path = product_paths(options, tims.brick)("blobmask", "");
  products.record(path, writer.write(path));
  log.info("max_blob_size {}", out.largest_blob);
  log.info("num_blobs {}", out.blobs);
  log.info("total_pixels {}", out.image_pixels);
  return out;
}

}  // namespace brickline
