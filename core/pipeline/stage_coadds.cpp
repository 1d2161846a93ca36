#include <utility>

#include "core/coadd/measure.h"
#include "core/fits/fits_writer.h"
#include "core/pipeline/all_models.h"
#include "core/pipeline/catalog_rows.h"
#include "core/pipeline/coadd_products.h"
#include "core/pipeline/frozen_galaxies.h"
#include "core/pipeline/stage_products.h"
#include "core/pipeline/stages.h"

namespace brickline {
namespace {

// `models[i]` is what row i was fitted as.
void write_all_models(const BrickOptions& options, const TimsState& tims,
                      const std::vector<CatalogSource>& rows, std::span<const FittedSource* const> models,
                      const FittedCatalog& fitted, const fits::Header& run_header, ProductSet& products) {
  CatalogContext context;
  context.brickid = static_cast<std::int32_t>(tims.brick.id);
  context.brickname = tims.brick.name;
  context.bands = tims.bands;
  fits::Header header = run_header;
  header.set("PRODTYPE", "catalog", "NOIRLab data product type");
  fits::FitsWriter writer;
  writer.add_empty_primary(header);
  writer.add_table(all_models_table(rows, models, context), "ALL-MODELS");
  writer.add_table(blob_status_table(fitted), "BLOB-STATUS");
  const auto path = product_paths(options, tims.brick)("all-models", "");
  products.record(path, writer.write(path));
}

}  // namespace

CoaddsState run_coadds(const BrickOptions& options, const TimsState& tims, const RefsState& refs,
                       const SrcsState& srcs, const FitblobsState& fits, ProductSet& products,
                       const Log& log) {
  const FittedCatalog& fitted = fits.fitted;
  const fits::Header& header = tims.version_header;
  if (options.metrics) write_blob_map(options, tims.brick, header, fitted.blob_map.const_view(), products);
  write_ccds(options, tims, &srcs, header, products);

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
  if (options.metrics) write_all_models(options, tims, out.rows, row_fits, fitted, header, products);
  CoaddStageInput input = coadd_input(options, tims, refs, &srcs);
  input.version_header = header;
  Scene scene;
  scene.sources = models;
  scene.blobs = blobs;
  scene.blob_map = fitted.blob_map.const_view();
  const std::vector<Scene::Frozen> frozen =
      frozen_in_scene(refs.catalog, srcs.detection.sources, fitted, row_fits);
  scene.frozen = frozen;
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
