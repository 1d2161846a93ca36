#include "core/pipeline/coadd_products.h"

#include "core/coadd/ccds_table.h"
#include "core/coadd/product_headers.h"
#include "core/fits/fits_writer.h"
#include "core/pipeline/stage_products.h"

namespace brickline {
namespace {

std::map<std::string, ImageView<const std::uint8_t>> saturated_by_band(const TimsState& tims,
                                                                       const SrcsState* srcs) {
  std::map<std::string, ImageView<const std::uint8_t>> out;
  if (!srcs) return out;
  for (std::size_t b = 0; b < tims.bands.size() && b < srcs->detection.saturated.size(); ++b)
    out[tims.bands[b]] = srcs->detection.saturated[b].const_view();
  return out;
}

}  // namespace

CoaddStageInput coadd_input(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                            const SrcsState* srcs) {
  CoaddStageInput in;
  in.target = tims.brick.wcs;
  in.pixel_scale_arcsec = tims.brick.pixel_scale_arcsec;
  in.bands = tims.bands;
  in.images = tims.images;
  in.unique_area = tims.brick.unique_area;
  in.custom_brick = tims.brick.custom;
  in.reference_mask = refs.mask.const_view();
  in.saturated = saturated_by_band(tims, srcs);
  in.maskbits = MaskBits(tims.survey_bands);
  if (srcs) in.coadd_sky = srcs->coadd_sky;
  for (const std::string& band : tims.bands) {
    const auto facts = tims.band_facts.find(band);
    in.colors.push_back(facts == tims.band_facts.end() ? std::nullopt : facts->second.rgb);
  }
  in.path = product_paths(options, tims.brick);
  return in;
}

CoaddStageOptions coadd_options(const BrickOptions& options) {
  CoaddStageOptions out;
  out.rgb.stretch = options.rgb_stretch;
  out.grey = options.coadd_bw;
  out.coadd.lanczos = options.lanczos;
  out.coadd_psf = options.save_coadd_psf;
  return out;
}

void write_ccds(const BrickOptions& options, const TimsState& tims, const SrcsState* srcs,
                const fits::Header& header, ProductSet& products) {
  std::vector<float> sky;
  for (const CcdImage& image : tims.images) {
    float level = 0;
    if (srcs)
      if (const auto it = srcs->coadd_sky.find(image.band); it != srcs->coadd_sky.end())
        level = static_cast<float>(it->second);
    sky.push_back(level);
  }
  write_ccds_table(brick_ccds_table(tims.ccds, tims.images, tims.brick.wcs, sky), header,
                   product_paths(options, tims.brick)("ccds-table", ""), products);
}

void write_blob_map(const BrickOptions& options, const BrickGeometry& brick, const fits::Header& header,
                    ImageView<const std::int32_t> blob_map, ProductSet& products) {
  fits::Header cards = header;
  cards.append(brick_wcs_cards(brick.wcs));
  cards.append(image_type_cards("blobmap"));
  fits::FitsWriter writer;
  writer.add_image(blob_map, cards, "BLOB-MAP", {fits::Compression::Algorithm::kHcompress});
  const auto path = product_paths(options, brick)("blobmap", "");
  products.record(path, writer.write(path));
}

}  // namespace brickline
