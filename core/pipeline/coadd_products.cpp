#include "core/pipeline/coadd_products.h"

#include "core/coadd/ccds_table.h"
#include "core/coadd/product_headers.h"
#include "core/fits/fits_writer.h"

namespace brickline {

std::map<std::string, ImageView<const std::uint8_t>> by_band(
    const std::vector<std::string>& bands, const std::vector<Image<std::uint8_t>>& saturated) {
  std::map<std::string, ImageView<const std::uint8_t>> out;
  for (std::size_t b = 0; b < bands.size() && b < saturated.size(); ++b)
    out[bands[b]] = saturated[b].const_view();
  return out;
}

MaskBits mask_bits_of(const Selection& selection, const std::vector<std::string>& forced_bands) {
  std::vector<std::string> bands = selection.survey_bands;
  bands.insert(bands.end(), forced_bands.begin(), forced_bands.end());
  return MaskBits(bands);
}

CoaddStageInput coadd_input(const Selection& selection, const References& references,
                            std::span<const CcdImage> images, const StageProducts& products) {
  CoaddStageInput in;
  in.target = selection.brick.wcs;
  in.pixel_scale_arcsec = selection.brick.pixel_scale_arcsec;
  in.bands = selection.bands;
  in.images = images;
  in.unique_area = selection.brick.unique_area;
  in.custom_brick = selection.brick.custom;
  in.reference_mask = references.mask.const_view();
  in.maskbits = mask_bits_of(selection, {});
  for (const std::string& band : selection.bands) {
    const auto facts = selection.band_facts.find(band);
    in.colors.push_back(facts == selection.band_facts.end() ? std::nullopt : facts->second.rgb);
  }
  in.path = products.paths();
  return in;
}

CoaddStageOptions coadd_options(const StackingOptions& stacking, const PictureOptions& pictures,
                                GalaxyProfiles profiles) {
  CoaddStageOptions out{.profiles = profiles};
  out.rgb.stretch = pictures.rgb_stretch;
  out.grey = pictures.coadd_bw;
  out.coadd.lanczos = stacking.lanczos;
  out.coadd_psf = stacking.save_coadd_psf;
  return out;
}

void write_ccds(const Selection& selection, std::span<const CcdImage> images, const SkyEdits& sky,
                const fits::Header& header, StageProducts& products) {
  std::vector<float> levels;
  for (const CcdImage& image : images) {
    const auto level = sky.coadd_sky.find(image.band);
    levels.push_back(level == sky.coadd_sky.end() ? 0.f : static_cast<float>(level->second));
  }
  write_ccds_table(brick_ccds_table(selection.ccds, images, selection.brick.wcs, levels), header,
                   products.path(Product::kCcdsTable), products.set());
}

void write_blob_map(const BrickGeometry& brick, const fits::Header& header,
                    ImageView<const std::int32_t> blob_map, StageProducts& products) {
  fits::Header cards = header;
  cards.append(brick_wcs_cards(brick.wcs));
  cards.append(image_type_cards("blobmap"));
  fits::FitsWriter writer;
  writer.add_image(blob_map, cards, "BLOB-MAP", {fits::Compression::Algorithm::kHcompress});
  const auto path = products.path(Product::kBlobmap);
  products.set().record(path, writer.write(path));
}

CatalogGeometry catalog_geometry(const BrickGeometry& brick) {
  CatalogGeometry geometry;
  geometry.width = brick.wcs.width();
  geometry.height = brick.wcs.height();
  geometry.pixel_scale_arcsec = brick.pixel_scale_arcsec;
  geometry.unique_area = brick.unique_area;
  geometry.custom = brick.custom;
  return geometry;
}

}  // namespace brickline
