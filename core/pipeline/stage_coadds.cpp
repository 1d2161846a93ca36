#include <algorithm>
#include <utility>

#include "core/coadd/ccds_table.h"
#include "core/coadd/coadd_stage.h"
#include "core/coadd/measure.h"
#include "core/coadd/product_headers.h"
#include "core/fits/fits_writer.h"
#include "core/pipeline/all_models.h"
#include "core/pipeline/catalog_rows.h"
#include "core/pipeline/stage_products.h"
#include "core/pipeline/stages.h"

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
  in.version_header = srcs ? fitted_header(tims) : tims.version_header;
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
  return out;
}

void write_ccds(const BrickOptions& options, const TimsState& tims, const SrcsState* srcs,
                ProductSet& products) {
  std::vector<float> sky;
  for (const CcdImage& image : tims.images) {
    float level = 0;
    if (srcs)
      if (const auto it = srcs->coadd_sky.find(image.band); it != srcs->coadd_sky.end())
        level = static_cast<float>(it->second);
    sky.push_back(level);
  }
  write_ccds_table(brick_ccds_table(tims.ccds, tims.images, tims.brick.wcs, sky),
                   srcs ? fitted_header(tims) : tims.version_header,
                   product_paths(options, tims.brick)("ccds-table", ""), products);
}

void write_blob_map(const BrickOptions& options, const TimsState& tims, const FittedCatalog& fitted,
                    ProductSet& products) {
  fits::Header header = fitted_header(tims);
  header.append(brick_wcs_cards(tims.brick.wcs));
  header.append(image_type_cards("blobmap"));
  fits::FitsWriter writer;
  writer.add_image(fitted.blob_map.const_view(), header, "BLOB-MAP",
                   {fits::Compression::Algorithm::kHcompress});
  const auto path = product_paths(options, tims.brick)("blobmap", "");
  products.record(path, writer.write(path));
}

// `models[i]` is what row i was fitted as.
void write_all_models(const BrickOptions& options, const TimsState& tims,
                      const std::vector<CatalogSource>& rows, std::span<const FittedSource* const> models,
                      ProductSet& products) {
  CatalogContext context;
  context.brickid = static_cast<std::int32_t>(tims.brick.id);
  context.brickname = tims.brick.name;
  context.bands = tims.bands;
  fits::Header header = fitted_header(tims);
  header.set("PRODTYPE", "catalog", "NOIRLab data product type");
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  writer.add_table(all_models_table(rows, models, context), "ALL-MODELS");
  const auto path = product_paths(options, tims.brick)("all-models", "");
  products.record(path, writer.write(path));
}

}  // namespace

void run_image_coadds(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                      ProductSet& products, const Log& log) {
  write_ccds(options, tims, nullptr, products);
  CoaddStageInput input = coadd_input(options, tims, refs, nullptr);
  const CoaddStageOutput out = make_coadds(input, {}, products, coadd_options(options), log);
  fits::Header header = tims.version_header;
  add_maskbits_cards(header, input.maskbits);
  write_maskbits(out.maskbits.const_view(), tims.brick.wcs, header, input.path("maskbits", ""), products);
}

CoaddsState run_coadds(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                       const SrcsState& srcs, const FitblobsState& fits, ProductSet& products,
                       const Log& log) {
  const FittedCatalog& fitted = fits.fitted;
  if (options.metrics) write_blob_map(options, tims, fitted, products);
  write_ccds(options, tims, &srcs, products);

  CoaddsState out;
  out.rows = catalog_rows(fitted, srcs, refs.catalog, tims.bands.size());
  std::vector<std::optional<SourceModel>> models;
  std::vector<std::int32_t> blobs;
  std::vector<const FittedSource*> row_fits;
  for (const std::size_t i : order_rows(out.rows, catalog_geometry(tims.brick))) {
    const FittedSource* fit = i < fitted.sources.size() ? &fitted.sources[i] : nullptr;
    models.push_back(fit ? std::optional(fit->model) : std::nullopt);
    blobs.push_back(fit ? fit->blob : -1);
    row_fits.push_back(fit);
  }
  if (options.metrics) write_all_models(options, tims, out.rows, row_fits, products);
  CoaddStageInput input = coadd_input(options, tims, refs, &srcs);
  Scene scene;
  scene.sources = models;
  scene.blobs = blobs;
  scene.blob_map = fitted.blob_map.const_view();
  input.scene = scene;
  CoaddStageOutput made = make_coadds(input, out.rows, products, coadd_options(options), log);
  measure_fiber_fluxes(tims.brick.wcs, models, tims.bands.size(), out.rows);
  out.maskbits = std::move(made.maskbits);
  if (!fitted.maskbits.empty())
    for (int y = 0; y < out.maskbits.height(); ++y)
      for (int x = 0; x < out.maskbits.width(); ++x) out.maskbits(x, y) |= fitted.maskbits(x, y);
  return out;
}

}  // namespace brickline
